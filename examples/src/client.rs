//! The role of a client: it registers, and greets everyone that it comes to be linked with.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use crossbeam_channel::{never, select};
use netport::{Client, ClientConfig, ClientHandle, End, Event, IdentityFile};
use tlv_core::messages::{App, Greet, Mood, RegisterError, Role};

use crate::options;
use crate::report::{Report, Style};
use crate::stop;

/// What a client needs to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the server is.
    pub server: SocketAddr,
    /// Its settings, with the name to register.
    pub config: ClientConfig,
    /// Where it keeps its identity, if it is to be the same node at each start.
    pub identity: Option<PathBuf>,
    /// For whom it reports.
    pub style: Style,
    /// Whether the end of standard input makes it leave.
    pub ends_with_input: bool,
}

/// Arguments of a client that another program has started.
#[derive(Debug, Args)]
pub struct ChildArgs {
    #[arg(long)]
    server: SocketAddr,
    #[arg(long)]
    name: String,
}

/// Runs a client for the program that started this one. Blocks like [`run`].
///
/// # Errors
/// Those of [`run`].
pub fn run_child(args: ChildArgs) -> Result<(), Box<dyn Error>> {
    options::log_to_stderr(options::LOG_DEFAULT);
    run(Options {
        server: args.server,
        config: ClientConfig::named(args.name),
        identity: None,
        style: Style::Json,
        ends_with_input: true,
    })
}

/// Runs a client until it is told to leave; then it deregisters, and says goodbye to all. It leaves
/// by itself too when it is idle, if that is set. Blocks.
///
/// # Errors
/// The client cannot start, the server will not have it (any more), or it ended for another reason.
pub fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let Options { server, mut config, identity, style, ends_with_input } = options;
    let name = config.port.identity.name.clone();
    let signal = stop::on_signal()?;
    let input = if ends_with_input { stop::on_input_end()? } else { never() };

    let identity = identity.map(IdentityFile::new);
    if let Some(file) = &identity {
        config.port.identity = file.start(Role::Client, &name)?;
    }
    let client = Client::<App>::connect(server, config)?;
    let stop = loop {
        let event = select! {
            recv(client.events()) -> event => match event {
                Ok(event) => event,
                // The port ended by itself, and knows why.
                Err(_) => break None,
            },
            recv(signal) -> stop => break Some(stop?),
            recv(input) -> stop => break Some(stop?),
        };
        if let (Some(file), Event::ServerGone(End::RefusedBy(refusal))) = (&identity, &event)
            && let Some(known) = refusal.current
        {
            // The file is older than what the server knows: the next start will be newer.
            file.catch_up(known)?;
        }
        if let Some(report) = take(&client, &name, event)? {
            style.print(&report)?;
        }
    };
    client.stop();
    let reason = match (stop, client.join()) {
        (Some(stop), _) => stop.to_string(),
        (None, end @ (End::Idle | End::Stopped | End::Closed(_))) => end.to_string(),
        (None, end) => return Err(end.into()),
    };
    style.print(&Report::Ended { reason })?;
    Ok(())
}

/// Does what follows from an event, and says what there is to tell.
fn take(
    client: &ClientHandle<App>,
    name: &str,
    event: Event<App>,
) -> Result<Option<Report>, Box<dyn Error>> {
    Ok(Some(match event {
        Event::Registered => Report::Registered { name: name.into() },
        Event::List(list) => Report::Listed { clients: list.peers.len() },
        Event::Up(peer) => {
            let text = format!("hello {}, this is {name}", peer.name);
            if let Err(error) = client.send(peer.node, &Greet::new(text).with_mood(Mood::Happy)) {
                // The link is gone again, which another event tells.
                tracing::debug!("no greeting for {}: {}", peer.name, options::chain(&error));
            }
            Report::Up { peer: peer.name.clone() }
        }
        Event::Message { from, message: App::Greet(greet) } => {
            Report::Greeted { peer: from.name.clone(), text: greet.text }
        }
        Event::Down(peer, end) => {
            Report::Down { peer: peer.name.clone(), reason: options::chain(&end) }
        }
        Event::ServerLost(end) => Report::ServerLost { reason: options::chain(&end) },
        Event::ServerUnreached { attempt, end, retry } => Report::ServerUnreached {
            attempt,
            reason: options::chain(&end),
            retry_seconds: retry.as_secs_f64(),
        },
        Event::RegisterRefused { error, retry: Some(retry) } => {
            Report::NotRegistered { reason: error.to_string(), retry_seconds: retry.as_secs_f64() }
        }
        Event::RegisterRefused { error: RegisterError::NameTaken, retry: None } => {
            let advice = "choose another `--name`, or wait for it with `--wait-for-name`";
            return Err(format!("another client is registered as `{name}`: {advice}").into());
        }
        Event::RegisterRefused { error, retry: None } => {
            return Err(format!("not registered: {error}").into());
        }
        Event::ServerGone(end) => {
            return Err(format!("the server is gone: {}", options::chain(&end)).into());
        }
        // Nobody sends anything else here; a message that is added to the spec is none of this
        // program's business.
        _ => return Ok(None),
    }))
}

//! The role of the server: it keeps the directory, and knows nothing of what clients say.

use std::error::Error;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use clap::Args;
use crossbeam_channel::{never, select};
use netport::{End, Server, ServerConfig, ServerHandle};
use tlv_core::messages::{App, GoodbyeReason};

use crate::exporter::{self, Exporter};
use crate::http::{Page, Pages};
use crate::options;
use crate::report::{Report, Style};
use crate::settings::Limit;
use crate::settings::Time;
use crate::status::{self, Status};
use crate::stop;

/// What a server needs to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its settings.
    pub config: ServerConfig,
    /// Where operators see how it is doing, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// For whom it reports.
    pub style: Style,
    /// Whether the end of standard input stops it.
    pub ends_with_input: bool,
}

/// Arguments of a server that another program has started.
#[derive(Debug, Args)]
pub struct ChildArgs {
    #[arg(long)]
    idle: Limit<Time>,
}

/// Runs a server for the program that started this one, on loopback. Blocks like [`run`].
///
/// # Errors
/// Those of [`run`].
pub fn run_child(args: &ChildArgs) -> Result<(), Box<dyn Error>> {
    options::log_to_stderr(options::LOG_DEFAULT);
    let mut config = ServerConfig::new((Ipv4Addr::LOCALHOST, 0).into());
    config.port.idle_timeout = args.idle.into();
    run(Options { config, metrics: None, style: Style::Json, ends_with_input: true })
}

/// Runs a server until it has been idle for long enough, or is told to stop. Blocks.
///
/// # Errors
/// An address cannot be listened on, or the server ended for another reason than these two.
pub fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let Options { config, metrics, style, ends_with_input } = options;
    let idle_timeout = config.port.idle_timeout;
    let signal = stop::on_signal()?;
    let input = if ends_with_input { stop::on_input_end()? } else { never() };

    // Before the server starts, which counts with what is there then.
    let exporter = match metrics {
        Some(listen) => Some((listen, Exporter::install()?)),
        None => None,
    };
    let server = Server::<App>::start(config)?;
    // Ends with this function.
    let pages = exporter.map(|(listen, exporter)| show(listen, &server, exporter)).transpose()?;
    style.print(&Report::Listening { address: server.local_addr() })?;
    if let Some(pages) = &pages {
        style.print(&Report::Metrics { address: pages.address() })?;
    }

    let port = server.port().clone();
    thread::Builder::new().name("stop".into()).spawn(move || {
        let stop = select! { recv(signal) -> stop => stop, recv(input) -> stop => stop };
        if let Ok(stop) = stop {
            tracing::info!("{stop}");
            // Clients look for it until it is back.
            port.stop(GoodbyeReason::Restart);
        }
    })?;
    match (server.join(), idle_timeout) {
        (End::Idle, Some(idle)) if style == Style::Text => {
            let idle = Time::from(idle);
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(io::stderr(), "ended: nobody was connected for {idle} (see `--idle`)");
            Ok(())
        }
        (End::Idle | End::Stopped | End::Closed(_), _) => Ok(()),
        (end, _) => Err(end.into()),
    }
}

/// Shows operators what the server counts, and how it is doing.
fn show(listen: SocketAddr, server: &ServerHandle, exporter: Exporter) -> Result<Pages, String> {
    let (port, hub) = (server.port().clone(), Arc::clone(server.hub()));
    let begun = Instant::now();
    let page = move |path: &str| match path {
        "/metrics" => Some(Page { content_type: exporter::CONTENT_TYPE, text: exporter.render() }),
        status::PATH => {
            let status = Status::of(&port, &hub, begun, &exporter);
            let text = serde_json::to_string(&status).ok()?;
            Some(Page { content_type: "application/json", text })
        }
        _ => None,
    };
    Pages::serve(listen, page).map_err(|error| format!("cannot show metrics at {listen}: {error}"))
}

//! The role of the server: it keeps the directory, and knows nothing of what clients say.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;

use clap::Args;
use crossbeam_channel::{never, select};
use netport::{End, Server, ServerConfig};
use tlv_core::messages::{App, GoodbyeReason};

use crate::options::{self, Idle};
use crate::report::{Report, Style};
use crate::stop;

/// What a server needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Address to listen on; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// When it stops by itself.
    pub idle: Idle,
    /// For whom it reports.
    pub style: Style,
    /// Whether the end of standard input stops it.
    pub ends_with_input: bool,
}

/// Arguments of a server that another program has started.
#[derive(Debug, Args)]
pub struct ChildArgs {
    #[arg(long, value_parser = options::idle)]
    idle: Idle,
}

/// Runs a server for the program that started this one, on loopback. Blocks like [`run`].
///
/// # Errors
/// Those of [`run`].
pub fn run_child(args: &ChildArgs) -> Result<(), Box<dyn Error>> {
    options::log_to_stderr(options::LOG_DEFAULT);
    run(Options {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        idle: args.idle,
        style: Style::Json,
        ends_with_input: true,
    })
}

/// Runs a server until it has been idle for long enough, or is told to stop. Blocks.
///
/// # Errors
/// The address cannot be listened on, or the server ended for another reason than these two.
pub fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let signal = stop::on_signal()?;
    let input = if options.ends_with_input { stop::on_input_end()? } else { never() };

    let mut config = ServerConfig::new(options.listen);
    config.port.idle_timeout = options.idle.duration();
    let server = Server::<App>::start(config)?;
    options.style.print(&Report::Listening { address: server.local_addr() })?;

    let port = server.port().clone();
    thread::Builder::new().name("stop".into()).spawn(move || {
        let stop = select! { recv(signal) -> stop => stop, recv(input) -> stop => stop };
        if let Ok(stop) = stop {
            tracing::info!("{stop}");
            // Clients look for it until it is back.
            port.stop(GoodbyeReason::Restart);
        }
    })?;
    match server.join() {
        End::Idle | End::Stopped | End::Closed(_) => Ok(()),
        end => Err(end.into()),
    }
}

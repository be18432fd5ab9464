//! A chat between terminals.
//!
//! `chat serve` keeps the list of who is there; `chat join NAME` joins, and talks to the others
//! directly. The messages are the chat's own: `spec/chat.ron`.

mod input;
mod join;
mod room;
mod screen;
mod serve;
mod signals;

/// The messages that the build script made of `spec/chat.ron`.
mod messages {
    include!(concat!(env!("OUT_DIR"), "/chat.rs"));
}

use std::error::Error;
use std::iter;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A chat between terminals.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Keep the list of who is there, until Ctrl-C.
    Serve {
        /// Address to listen on; port 0 lets the system choose.
        #[arg(long, default_value = "127.0.0.1:7400")]
        listen: SocketAddr,
    },
    /// Join the chat; `/help` there says what can be typed.
    Join {
        /// What the others call you; unique among them.
        name: String,
        /// Address of the server.
        #[arg(long, default_value = "127.0.0.1:7400")]
        server: SocketAddr,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve { listen } => serve::serve(listen),
        Command::Join { name, server } => join::join(name, server),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("chat: {}", whole(&*why));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes, in one line.
fn whole(error: &dyn Error) -> String {
    let errors = iter::successors(Some(error), |&error| error.source());
    errors.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

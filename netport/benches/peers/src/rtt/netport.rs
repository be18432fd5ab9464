//! netport: typed messages, sent from `on_message` on both sides.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use netport::{Connection, End, Link, PeerInfo, PortHandle};
use tlv_core::messages::Role;

use super::Pinger;
use crate::bench::{Bench, BenchRef, Item};
use crate::machine::serve_until_parent_leaves;
use crate::netport_port::{dial, start};
use crate::wire::TEXT;

/// Round trips that are to be made; the link's own thread makes them.
struct Block(usize);

struct Pinging {
    opened: Sender<()>,
    blocks: Receiver<Block>,
    done: Sender<Vec<Duration>>,
    left: usize,
    started: Instant,
    times: Vec<Duration>,
}

impl Pinging {
    fn ping(&mut self, link: &Link) -> Result<(), End> {
        self.started = Instant::now();
        link.send(&Item::new(self.left as u64, 7, TEXT))?;
        Ok(())
    }
}

impl Connection for Pinging {
    type Set = Bench;

    fn on_open(&mut self, _: &Link, _: &PeerInfo) -> Result<(), End> {
        let _ = self.opened.send(());
        Ok(())
    }

    fn on_message(&mut self, link: &Link, message: BenchRef<'_>) -> Result<(), End> {
        match message {
            // The first message of a block is sent from outside; the block says how many follow.
            BenchRef::Item(item) if item.seq == u64::MAX => {
                self.left = self.blocks.try_recv().map_or(0, |block| block.0);
                self.ping(link)
            }
            BenchRef::Item(item) => {
                assert_eq!(item.seq, self.left as u64);
                self.times.push(self.started.elapsed());
                self.left -= 1;
                if self.left == 0 {
                    let _ = self.done.send(std::mem::take(&mut self.times));
                    return Ok(());
                }
                self.ping(link)
            }
            _ => Ok(()),
        }
    }
}

struct Netport {
    _port: PortHandle,
    link: Link,
    blocks: Sender<Block>,
    done: Receiver<Vec<Duration>>,
}

pub fn connect(address: SocketAddr) -> Box<dyn Pinger> {
    connect_with(address, false)
}

pub fn connect_spin(address: SocketAddr) -> Box<dyn Pinger> {
    connect_with(address, true)
}

fn connect_with(address: SocketAddr, spin: bool) -> Box<dyn Pinger> {
    let port = start(Role::Client, spin, || Echo);
    let (blocks, to_do) = channel();
    let (send_done, done) = channel();
    let (send_opened, opened) = channel();
    let pinging = Pinging {
        opened: send_opened,
        blocks: to_do,
        done: send_done,
        left: 0,
        started: Instant::now(),
        times: Vec::new(),
    };
    let link = dial(&port, address, pinging);
    opened.recv().expect("the echo listens");
    Box::new(Netport { _port: port, link, blocks, done })
}

impl Pinger for Netport {
    fn round_trips(&mut self, count: usize, out: &mut Vec<Duration>) {
        self.blocks.send(Block(count)).expect("the link lives");
        self.link.send(&Item::new(u64::MAX, 7, TEXT)).expect("the link lives");
        out.extend(self.done.recv().expect("the link lives"));
    }
}

/// Sends every message back, decoded and encoded anew.
struct Echo;

impl Connection for Echo {
    type Set = Bench;

    fn on_message(&mut self, link: &Link, message: BenchRef<'_>) -> Result<(), End> {
        if let BenchRef::Item(item) = message {
            link.send(&item.to_owned()?)?;
        }
        Ok(())
    }
}

pub fn echo(spin: bool) -> std::io::Result<()> {
    let port = start(Role::Server, spin, || Echo);
    serve_until_parent_leaves(port.local_addr());
    Ok(())
}

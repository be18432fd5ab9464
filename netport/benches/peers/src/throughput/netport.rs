//! netport: an explicit batch on the sending side; on the receiving side the borrowed form in
//! `on_message`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver as Channel, Sender, channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use netport::{Connection, End, Link, PeerInfo, PortHandle};
use tlv_core::messages::Role;

use super::Receiver;
use crate::bench::{Bench, BenchRef, Blob, Item, Start};
use crate::machine::serve_until_parent_leaves;
use crate::netport_port::{dial, start};
use crate::wire::{LARGE, TEXT};

/// What is left to receive, and what was read.
#[derive(Default)]
struct Counting {
    left: u64,
    sum: u64,
}

struct Borrowing {
    opened: Sender<()>,
    asked: Channel<u64>,
    done: Sender<u64>,
    counting: Counting,
}

impl Borrowing {
    fn count(&mut self, amount: u64) {
        if self.counting.left == 0 {
            self.counting = Counting { left: self.asked.try_recv().unwrap_or(1), sum: 0 };
        }
        self.counting.sum = self.counting.sum.wrapping_add(amount);
        self.counting.left -= 1;
        if self.counting.left == 0 {
            let _ = self.done.send(self.counting.sum);
        }
    }
}

impl Connection for Borrowing {
    type Set = Bench;

    fn on_open(&mut self, _: &Link, _: &PeerInfo) -> Result<(), End> {
        let _ = self.opened.send(());
        Ok(())
    }

    fn on_message(&mut self, _: &Link, message: BenchRef<'_>) -> Result<(), End> {
        match message {
            BenchRef::Item(item) => {
                self.count(item.seq + u64::from(item.kind) + item.text.len() as u64);
            }
            BenchRef::Blob(blob) => {
                self.count(u64::from(blob.data[0]) + u64::from(blob.data[LARGE - 1]));
            }
            _ => {}
        }
        Ok(())
    }
}

struct Netport {
    _port: PortHandle,
    link: Link,
    large: bool,
    asked: Sender<u64>,
    done: Channel<u64>,
}

pub fn connect(address: SocketAddr) -> Box<dyn Receiver> {
    borrowing(address, false)
}

pub fn connect_large(address: SocketAddr) -> Box<dyn Receiver> {
    borrowing(address, true)
}

fn borrowing(address: SocketAddr, large: bool) -> Box<dyn Receiver> {
    let port = start(Role::Client, false, Sending::default);
    let (opened, is_open) = channel();
    let (asked, to_do) = channel();
    let (send_done, done) = channel();
    let counting = Counting::default();
    let link = dial(&port, address, Borrowing { opened, asked: to_do, done: send_done, counting });
    is_open.recv().expect("the sender listens");
    Box::new(Netport { _port: port, link, large, asked, done })
}

impl Receiver for Netport {
    fn receive(&mut self, count: u64) -> (Duration, u64) {
        let begin = Instant::now();
        self.asked.send(count).expect("the link lives");
        self.link.send(&Start::new(count, self.large)).expect("the link lives");
        let sum = self.done.recv().expect("the link lives");
        (begin.elapsed(), sum)
    }
}

/// Sends what it is asked for, from a thread that may wait.
#[derive(Default)]
struct Sending {
    orders: Option<Sender<(u64, bool)>>,
}

impl Connection for Sending {
    type Set = Bench;

    fn on_open(&mut self, link: &Link, _: &PeerInfo) -> Result<(), End> {
        let (orders, to_do) = channel();
        let link = link.clone();
        std::thread::spawn(move || {
            for (count, large) in to_do {
                let sent = if large { send_large(&link, count) } else { send_small(&link, count) };
                if sent.is_err() {
                    return;
                }
            }
        });
        self.orders = Some(orders);
        Ok(())
    }

    fn on_message(&mut self, _: &Link, message: BenchRef<'_>) -> Result<(), End> {
        if let (BenchRef::Start(start), Some(orders)) = (message, &self.orders) {
            let _ = orders.send((start.count, start.large));
        }
        Ok(())
    }
}

/// Sends small messages in one batch.
pub fn send_small(link: &Link, count: u64) -> Result<(), netport::SendError> {
    let mut batch = link.batch();
    let mut item = Item::new(0, 7, TEXT);
    for seq in 0..count {
        item.seq = seq;
        batch.push(&item)?;
    }
    batch.flush()
}

fn send_large(link: &Link, count: u64) -> Result<(), netport::SendError> {
    let blob = Blob::new(Bytes::from(vec![7; LARGE]));
    (0..count).try_for_each(|_| link.send(&blob))
}

pub fn sender() -> std::io::Result<()> {
    let port = Arc::new(start(Role::Server, false, Sending::default));
    serve_until_parent_leaves(port.local_addr());
    Ok(())
}

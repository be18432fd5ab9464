//! `std::net`, blocking: `write_all` of the large message, `read_exact` into one buffer.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::Receiver;
use crate::machine::serve_until_parent_leaves;
use crate::wire::{LARGE, start};

struct Blocking {
    stream: TcpStream,
    buffer: Vec<u8>,
}

pub fn connect(address: SocketAddr) -> Box<dyn Receiver> {
    let stream = TcpStream::connect(address).expect("the sender listens");
    Box::new(Blocking { stream, buffer: vec![0; LARGE] })
}

impl Receiver for Blocking {
    fn receive(&mut self, count: u64) -> (Duration, u64) {
        let begin = Instant::now();
        self.stream.write_all(&start(count)).expect("the sender lives");
        let mut sum = 0;
        for _ in 0..count {
            self.stream.read_exact(&mut self.buffer).expect("the sender lives");
            sum += u64::from(self.buffer[0]) + u64::from(self.buffer[LARGE - 1]);
        }
        (begin.elapsed(), sum)
    }
}

pub fn sender() -> std::io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || send(stream));
        }
    });
    serve_until_parent_leaves(address);
    Ok(())
}

fn send(mut stream: TcpStream) -> std::io::Result<()> {
    let message = vec![7; LARGE];
    let mut count = [0; 8];
    loop {
        stream.read_exact(&mut count)?;
        for _ in 0..u64::from_le_bytes(count) {
            stream.write_all(&message)?;
        }
    }
}

//! `std::net`, blocking, the bytes of the message and nothing else: the least that it can cost.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::Pinger;
use crate::machine::serve_until_parent_leaves;
use crate::wire::SMALL;

struct Blocking(TcpStream);

pub fn connect(address: SocketAddr) -> Box<dyn Pinger> {
    let stream = TcpStream::connect(address).expect("the echo listens");
    stream.set_nodelay(true).expect("a TCP socket");
    Box::new(Blocking(stream))
}

impl Pinger for Blocking {
    fn round_trips(&mut self, count: usize, out: &mut Vec<Duration>) {
        let mut buffer = [7; SMALL];
        for _ in 0..count {
            let start = Instant::now();
            self.0.write_all(&buffer).expect("the echo lives");
            self.0.read_exact(&mut buffer).expect("the echo lives");
            out.push(start.elapsed());
        }
    }
}

pub fn echo() -> std::io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    serve_until_parent_leaves(address);
    Ok(())
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; SMALL];
    loop {
        stream.read_exact(&mut buffer)?;
        stream.write_all(&buffer)?;
    }
}

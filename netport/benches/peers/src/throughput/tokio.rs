//! tokio, `tokio-util`'s length-delimited framing, prost; flushing at 64 KiB.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use super::Receiver;
use crate::machine::serve_until_parent_leaves;
use crate::wire::{Item, start};

struct Tokio {
    runtime: Runtime,
    framed: Framed<TcpStream, LengthDelimitedCodec>,
}

pub fn connect(address: SocketAddr) -> Box<dyn Receiver> {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let stream = runtime.block_on(TcpStream::connect(address)).expect("the sender listens");
    let mut framed = Framed::new(stream, LengthDelimitedCodec::new());
    framed.read_buffer_mut().reserve(1 << 16);
    Box::new(Tokio { runtime, framed })
}

impl Receiver for Tokio {
    fn receive(&mut self, count: u64) -> (Duration, u64) {
        let Self { runtime, framed } = self;
        let begin = Instant::now();
        let sum = runtime.block_on(async {
            framed.get_mut().write_all(&start(count)).await.expect("the sender lives");
            let mut sum = 0u64;
            for _ in 0..count {
                let frame = framed.next().await.expect("the sender lives").expect("a frame");
                let item = Item::decode(frame).expect("a message");
                sum = sum.wrapping_add(item.seq + u64::from(item.kind) + item.text.len() as u64);
            }
            sum
        });
        (begin.elapsed(), sum)
    }
}

pub fn sender() -> std::io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(send(stream));
            }
        });
    });
    serve_until_parent_leaves(address);
    Ok(())
}

async fn send(stream: TcpStream) -> std::io::Result<()> {
    let mut framed = Framed::new(stream, LengthDelimitedCodec::new());
    framed.set_backpressure_boundary(1 << 16);
    let mut buffer = BytesMut::new();
    loop {
        let count = framed.get_mut().read_u64_le().await?;
        for seq in 0..count {
            let item = Item::new(seq);
            buffer.reserve(item.encoded_len());
            item.encode(&mut buffer)?;
            framed.feed(buffer.split().freeze()).await?;
        }
        SinkExt::<bytes::Bytes>::flush(&mut framed).await?;
    }
}

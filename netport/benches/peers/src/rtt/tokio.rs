//! tokio, `tokio-util`'s length-delimited framing, prost; a current-thread runtime on each side.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use prost::Message;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use super::Pinger;
use crate::machine::serve_until_parent_leaves;
use crate::wire::Item;

struct Tokio {
    runtime: Runtime,
    framed: Framed<TcpStream, LengthDelimitedCodec>,
    seq: u64,
}

pub fn connect(address: SocketAddr) -> Box<dyn Pinger> {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let stream = runtime.block_on(TcpStream::connect(address)).expect("the echo listens");
    stream.set_nodelay(true).expect("a TCP socket");
    Box::new(Tokio { runtime, framed: Framed::new(stream, LengthDelimitedCodec::new()), seq: 0 })
}

impl Pinger for Tokio {
    fn round_trips(&mut self, count: usize, out: &mut Vec<Duration>) {
        let Self { runtime, framed, seq } = self;
        runtime.block_on(async {
            for _ in 0..count {
                let start = Instant::now();
                *seq += 1;
                send(framed, &Item::new(*seq)).await.expect("the echo lives");
                let frame = framed.next().await.expect("the echo lives").expect("a frame");
                let item = Item::decode(frame).expect("a message");
                assert_eq!(item.seq, *seq);
                out.push(start.elapsed());
            }
        });
    }
}

async fn send(
    framed: &mut Framed<TcpStream, LengthDelimitedCodec>,
    item: &Item,
) -> std::io::Result<()> {
    let mut frame = BytesMut::with_capacity(item.encoded_len());
    item.encode(&mut frame)?;
    framed.send(frame.freeze()).await
}

pub fn echo() -> std::io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream));
            }
        });
    });
    serve_until_parent_leaves(address);
    Ok(())
}

async fn answer(stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut framed = Framed::new(stream, LengthDelimitedCodec::new());
    while let Some(frame) = framed.next().await {
        let item = Item::decode(frame?)?;
        send(&mut framed, &item).await?;
    }
    Ok(())
}

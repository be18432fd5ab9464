//! message-io's FramedTcp with prost, as shipped.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use message_io::network::{Endpoint, NetEvent, Transport};
use message_io::node::{self, NodeHandler, NodeTask};
use prost::Message;

use super::Pinger;
use crate::machine::serve_until_parent_leaves;
use crate::wire::Item;

struct MessageIo {
    handler: NodeHandler<()>,
    endpoint: Endpoint,
    answers: Receiver<u64>,
    seq: u64,
    _task: NodeTask,
}

pub fn connect(address: SocketAddr) -> Box<dyn Pinger> {
    let (handler, listener) = node::split::<()>();
    let (send, answers) = channel();
    let (ready, connected) = channel();
    let (endpoint, _) =
        handler.network().connect(Transport::FramedTcp, address).expect("the echo listens");
    let task = listener.for_each_async(move |event| match event.network() {
        NetEvent::Connected(_, established) => {
            let _ = ready.send(established);
        }
        NetEvent::Message(_, bytes) => {
            let item = Item::decode(bytes).expect("a message");
            let _ = send.send(item.seq);
        }
        _ => {}
    });
    assert!(connected.recv().expect("an event"), "the echo listens");
    Box::new(MessageIo { handler, endpoint, answers, seq: 0, _task: task })
}

impl Pinger for MessageIo {
    fn round_trips(&mut self, count: usize, out: &mut Vec<Duration>) {
        for _ in 0..count {
            let start = Instant::now();
            self.seq += 1;
            self.handler.network().send(self.endpoint, &Item::new(self.seq).encode_to_vec());
            assert_eq!(self.answers.recv().expect("the echo lives"), self.seq);
            out.push(start.elapsed());
        }
    }
}

impl Drop for MessageIo {
    fn drop(&mut self) {
        self.handler.stop();
    }
}

pub fn echo() -> std::io::Result<()> {
    let (handler, listener) = node::split::<()>();
    let (_, address) = handler.network().listen(Transport::FramedTcp, "127.0.0.1:0")?;
    let answers = handler.clone();
    let _task = listener.for_each_async(move |event| {
        if let NetEvent::Message(endpoint, bytes) = event.network() {
            let item = Item::decode(bytes).expect("a message");
            answers.network().send(endpoint, &item.encode_to_vec());
        }
    });
    serve_until_parent_leaves(address);
    handler.stop();
    Ok(())
}

//! Peers that speak for themselves, byte by byte.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use netport::Identity;
use tlv_core::messages::{
    App, Control, Hello, MAGIC, Refuse, RefuseReason, Register, Role, WIRE_VERSION,
};
use tlv_core::{Message, MessageSet, record};

use super::PATIENCE;

/// The `Hello` of such a peer.
pub fn hello_of(identity: &Identity, session: u64) -> Hello {
    let protocol = App::PROTOCOL;
    Hello::new(
        MAGIC,
        WIRE_VERSION,
        protocol.name,
        protocol.version,
        identity.role,
        identity.node,
        identity.incarnation,
        session,
        identity.name.clone(),
    )
}

/// A `Hello` that any port here accepts.
pub fn hello(role: Role) -> Hello {
    hello_of(&Identity::new(role, "raw"), 1)
}

/// A message as bytes.
pub fn frame(message: &impl Message) -> Vec<u8> {
    message.to_frame().expect("within its bounds").to_vec()
}

/// A peer that speaks bytes.
pub struct Raw(pub TcpStream);

impl Raw {
    /// Speaks over a connection made elsewhere.
    pub fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("not zero");
        stream.set_nodelay(true).expect("a TCP socket");
        Self(stream)
    }

    /// Connects, and says nothing.
    pub fn connect(to: SocketAddr) -> Self {
        Self::over(TcpStream::connect(to).expect("it listens"))
    }

    /// Connects and shakes hands.
    pub fn open(to: SocketAddr, role: Role) -> Self {
        Self::connect(to).shake_hands(&hello(role))
    }

    /// The same, as a client of this name.
    pub fn client(to: SocketAddr, name: &str) -> Self {
        Self::connect(to).into_client(name)
    }

    /// One that is registered.
    pub fn member(to: SocketAddr, name: &str) -> Self {
        let mut raw = Self::client(to, name);
        raw.send(&Register::new(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 9))]));
        assert!(matches!(raw.expect(), Control::Snapshot(_)));
        raw
    }

    /// Shakes hands as a client of this name.
    pub fn into_client(self, name: &str) -> Self {
        self.shake_hands(&hello_of(&Identity::new(Role::Client, name), 1))
    }

    fn shake_hands(mut self, hello: &Hello) -> Self {
        self.send(hello);
        let (id, _) = self.frame().expect("a `Hello` comes back");
        assert_eq!(id, Hello::ID);
        self
    }

    /// Writes; the other end may have closed already.
    pub fn write(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes);
    }

    /// Writes a message; the other end may have closed already.
    pub fn send(&mut self, message: &impl Message) {
        self.write(&frame(message));
    }

    /// The next frame, or `None` at the end of the stream, or when nothing comes in time.
    pub fn frame(&mut self) -> Option<(u16, Vec<u8>)> {
        self.read().ok()
    }

    /// The next control message that is not a heartbeat.
    #[track_caller]
    pub fn expect(&mut self) -> Control {
        self.next().expect("a message, and not the end of the stream")
    }

    /// The next control message that is not a heartbeat; `None` at the end of the stream.
    #[track_caller]
    pub fn next(&mut self) -> Option<Control> {
        loop {
            let (id, value) = match self.read() {
                Ok(frame) => frame,
                Err(error) => {
                    let ended = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
                    assert!(ended.contains(&error.kind()), "nothing to read: {error}");
                    return None;
                }
            };
            match Control::decode(id, &value.into()).expect("a well-formed message") {
                Control::Ping(_) => continue,
                message => return Some(message),
            }
        }
    }

    /// Why the other end refuses this one, before it closes.
    #[track_caller]
    pub fn refused(&mut self) -> RefuseReason {
        let mut reason = None;
        while let Some((id, value)) = self.frame() {
            if id == Refuse::ID {
                reason = Some(Refuse::decode(&value).expect("well formed").reason);
            }
        }
        reason.expect("a `Refuse` before the end")
    }

    fn read(&mut self) -> io::Result<(u16, Vec<u8>)> {
        let mut header = [0; record::HEADER_LEN];
        self.0.read_exact(&mut header)?;
        let (_, header) = record::header(&header).expect("all of it is there");
        let mut value = vec![0; header.len as usize];
        self.0.read_exact(&mut value)?;
        Ok((header.id, value))
    }
}

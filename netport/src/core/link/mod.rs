//! One link as two halves, which share nothing.
//!
//! [`SendingHalf`] lives under the link's writer lock: every thread that sends uses it, and the
//! port's keeper. [`ReceivingHalf`] belongs to the connection's own thread. What both sides must
//! say first is in [`handshake`], and what netport's own messages say to a link in [`control`].

mod buffer;
pub mod control;
pub mod handshake;
mod inbox;
mod outbox;
mod queue;

pub use self::buffer::ReadBuffer;
pub use self::inbox::{Expired, Fault, Frame, MaxLen, ReceiveLimits, ReceivingHalf};
pub use self::outbox::{Admission, SendLimits, SendingHalf, Turn, Wire};

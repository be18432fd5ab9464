//! The means: sockets, polling, wake-ups. What to do with them is decided in [`crate::core`].

pub(crate) mod keeper;
pub(crate) mod kernel;
pub(crate) mod limits;
pub(crate) mod listener;
pub(crate) mod socket;
mod waker;
pub(crate) mod writer;

pub(crate) use self::waker::Waker;

//! Many messages in few writes.

use std::convert::Infallible;

use tlv_core::Message;
use tlv_core::write::FrameBuffer;

use super::Link;
use crate::error::SendError;
use crate::io::writer::Manner;

/// A batch is sent no later than at this many bytes.
const BATCH_BYTES: usize = 64 * 1024;

/// Gathers messages for one link and sends them together, in order, at 64 KiB and on
/// [`Self::flush`]. Dropped without that, it sends what it holds if there is room, without waiting.
#[derive(Debug)]
#[must_use]
pub struct Batch<'a> {
    link: &'a Link,
    frames: FrameBuffer,
}

impl<'a> Batch<'a> {
    pub(super) fn new(link: &'a Link) -> Self {
        Self { link, frames: FrameBuffer::new() }
    }

    /// Adds a message. Waits like [`Link::send`] where the batch is large enough to be sent.
    ///
    /// # Errors
    ///
    /// [`SendError`]; the message was not added, and those before it are kept.
    pub fn push<M: Message>(&mut self, message: &M) -> Result<(), SendError> {
        self.link.0.admits(M::ID, M::SINCE)?;
        if self.frames.len() >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(message.encode_frame(&mut self.frames)?)
    }

    /// Sends what was added. Waits like [`Link::send`].
    ///
    /// # Errors
    ///
    /// [`SendError`]; nothing was sent then, and everything is kept.
    pub fn flush(&mut self) -> Result<(), SendError> {
        let shared = &self.link.0;
        self.send(shared.waiting(shared.send_timeout))
    }

    fn send(&mut self, manner: Manner) -> Result<(), SendError> {
        if self.frames.is_empty() {
            return Ok(());
        }
        self.link.0.writer.send_encoded(manner, &self.frames, |half, written| {
            let Ok(()) = half.append(|out| {
                out.extend_from_slice(&self.frames[written..]);
                Ok::<(), Infallible>(())
            });
        })?;
        self.frames.clear();
        Ok(())
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        // The documentation says that this may lose what finds no room.
        let _ = self.send(self.link.0.trying());
    }
}

//! Requests and responses: which calls wait for an answer, and who is told.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::time::{Duration, Instant};

use tlv_core::messages::{CallError, CallRefused};
use tlv_core::{Message, Request, Response};

use super::Link;
use crate::core::mutant::{Mutant, mutant};
use crate::core::timers::Timers;
use crate::error::{CallFailure, End, SendError, cut};
use crate::guard::contained;
use crate::meters;
use crate::sync::{self, Arc, AtomicU32, Condvar, Mutex, Ordering};

/// Told the response's value, or why there is none.
type Then = Box<dyn FnOnce(Result<&[u8], CallFailure>) + Send>;

/// The calls of one link that wait for an answer.
#[derive(Default)]
pub(crate) struct Calls {
    next: AtomicU32,
    pending: Mutex<Pending>,
}

/// The calls by number, and the deadlines of those that the connection's thread judges: a caller
/// that waits judges for itself.
struct Pending {
    waiting: BTreeMap<u32, Waiting>,
    deadlines: Timers<u32>,
}

struct Waiting {
    response_id: u16,
    then: Then,
}

impl Default for Pending {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), deadlines: Timers::new() }
    }
}

impl Pending {
    fn take(&mut self, call: u32) -> Option<Waiting> {
        self.deadlines.clear(&call);
        self.waiting.remove(&call)
    }

    fn take_expired(&mut self, now: Instant) -> Option<Waiting> {
        let call = self.deadlines.pop_due(now)?;
        self.waiting.remove(&call)
    }
}

impl Calls {
    /// A response of message type `id` has come.
    pub(crate) fn answer(&self, call: u32, id: u16, value: &[u8]) {
        let waiting = {
            let mut pending = self.pending.lock();
            // An answer of another type is to no call of ours.
            let waiting = pending.waiting.get(&call);
            let is_expected = waiting.is_some_and(|waiting| waiting.response_id == id);
            if is_expected { pending.take(call) } else { None }
        };
        match waiting {
            Some(waiting) => (waiting.then)(Ok(value)),
            // Its caller stopped waiting.
            None => tracing::debug!(call, id, "a response that nobody waits for"),
        }
    }

    /// The other side refused a call.
    pub(crate) fn refused(&self, call: u32, reason: CallError, text: &str) {
        if let Some(waiting) = self.forget(call) {
            (waiting.then)(Err(CallFailure::Refused { reason, text: text.into() }));
        }
    }

    /// When [`Self::expire`] is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.pending.lock().deadlines.next()
    }

    /// Tells those who have waited long enough.
    pub(crate) fn expire(&self, now: Instant) {
        loop {
            let expired = self.pending.lock().take_expired(now);
            let Some(waiting) = expired else { return };
            meters::expired("call");
            (waiting.then)(Err(CallFailure::Timeout));
        }
    }

    /// The link has ended: tells everybody, whatever one of them does.
    pub(crate) fn end(&self, end: &End) {
        let all = std::mem::take(&mut *self.pending.lock());
        for waiting in all.waiting.into_values() {
            let failure = CallFailure::Ended(end.clone());
            contained("the end of a call", || (waiting.then)(Err(failure)));
        }
    }

    fn begin(&self, waiting: Waiting, deadline: Option<Instant>) -> u32 {
        let pending = &mut *self.pending.lock();
        loop {
            let call = self.next.fetch_add(1, Ordering::Relaxed);
            // After 2^32 calls a number may still be in use.
            if let Entry::Vacant(entry) = pending.waiting.entry(call) {
                entry.insert(waiting);
                if let Some(at) = deadline {
                    pending.deadlines.set(call, at);
                }
                return call;
            }
        }
    }

    fn forget(&self, call: u32) -> Option<Waiting> {
        self.pending.lock().take(call)
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("waiting", &self.pending.lock().waiting.len()).finish()
    }
}

/// Calls, and waits for the answer.
pub(super) fn call<R: Request>(
    link: &Link,
    mut request: R,
    timeout: Duration,
) -> Result<R::Response, CallFailure> {
    type Slot<T> = (Mutex<Option<Result<T, CallFailure>>>, Condvar);

    let until = sync::deadline(timeout);
    let slot: Arc<Slot<R::Response>> = Arc::new((Mutex::new(None), Condvar::new()));
    let filled = Arc::clone(&slot);
    let then = decoded::<R>(move |answer| {
        *filled.0.lock() = Some(answer);
        filled.1.notify_one();
    });
    let call = link.0.calls.begin(Waiting { response_id: R::Response::ID, then }, None);
    request.set_call(call);
    let late = if mutant(Mutant::CallLate) { link.0.calls.forget(call) } else { None };
    // Who waits is known before the request is admitted: so the answer finds it, or else the end of
    // the link, which tells everybody once nothing more is admitted.
    if let Err(error) = link.send_timeout(&request, timeout) {
        link.0.calls.forget(call);
        return Err(error.into());
    }
    if let Some(late) = late {
        link.0.calls.pending.lock().waiting.insert(call, late);
    }
    let mut answer = slot.0.lock();
    loop {
        if let Some(answer) = answer.take() {
            return answer;
        }
        let left = until.saturating_duration_since(sync::now());
        if left.is_zero() {
            drop(answer);
            link.0.calls.forget(call);
            // It may have been answered before it was forgotten.
            let answer = slot.0.lock().take();
            return answer.unwrap_or_else(|| {
                meters::expired("call");
                Err(CallFailure::Timeout)
            });
        }
        answer = sync::wait(&slot.1, answer, Some(left));
    }
}

/// Calls from the connection's own thread, which tells `then`.
pub(super) fn call_then<R: Request>(
    link: &Link,
    mut request: R,
    timeout: Duration,
    then: impl FnOnce(Result<R::Response, CallFailure>) + Send + 'static,
) {
    let waiting = Waiting { response_id: R::Response::ID, then: decoded::<R>(then) };
    let call = link.0.calls.begin(waiting, Some(sync::deadline(timeout)));
    request.set_call(call);
    if let Err(error) = link.try_send(&request)
        && let Some(waiting) = link.0.calls.forget(call)
    {
        (waiting.then)(Err(error.into()));
    }
}

fn decoded<R: Request>(
    then: impl FnOnce(Result<R::Response, CallFailure>) + Send + 'static,
) -> Then {
    Box::new(|answer| {
        then(answer.and_then(|value| {
            <R::Response as Message>::decode(value).map_err(CallFailure::Malformed)
        }));
    })
}

/// The answer to a request, still to be given: from any thread, at any time, once. Dropped, it
/// refuses the request.
#[derive(Debug)]
#[must_use]
pub struct Reply {
    link: Link,
    call: u32,
    response_id: u16,
    given: bool,
}

impl Reply {
    pub(crate) fn new(link: Link, call: u32, response_id: u16) -> Self {
        Self { link, call, response_id, given: false }
    }

    /// Answers. Waits like [`Link::send`].
    ///
    /// # Errors
    ///
    /// [`SendError`]; the request is then refused, if there is room for that.
    pub fn send<R: Response>(mut self, mut response: R) -> Result<(), SendError> {
        if R::ID != self.response_id {
            return Err(SendError::OtherResponse { expected: self.response_id, found: R::ID });
        }
        response.set_call(self.call);
        self.link.send(&response)?;
        self.given = true;
        Ok(())
    }

    /// Refuses; `text` is cut to what the message carries.
    ///
    /// # Errors
    ///
    /// [`SendError`]; the caller will wait until its deadline.
    pub fn refuse(mut self, reason: CallError, text: &str) -> Result<(), SendError> {
        self.given = true;
        self.link.send(&CallRefused::new(self.call, reason, cut(text.into())))
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if !self.given {
            let refused = CallRefused::new(self.call, CallError::Failed, String::new());
            // The caller has a deadline of its own.
            let _ = self.link.try_send(&refused);
        }
    }
}

//! Requests and responses: which calls wait for an answer, and who is told.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::time::{Duration, Instant};

use tlv_core::messages::{CallError, CallRefused};
use tlv_core::{Message, Request, Response};

use super::Link;
use crate::core::mutant::{Mutant, mutant};
use crate::error::{CallFailure, End, SendError, cut};
use crate::meters;
use crate::sync::{self, Arc, AtomicU32, Condvar, Mutex, Ordering};

/// Told the response's value, or why there is none.
type Then = Box<dyn FnOnce(Result<&[u8], CallFailure>) + Send>;

/// The calls of one link that wait for an answer.
#[derive(Default)]
pub(crate) struct Calls {
    next: AtomicU32,
    waiting: Mutex<BTreeMap<u32, Waiting>>,
}

struct Waiting {
    response_id: u16,
    /// Judged by the connection's thread; a caller that waits judges for itself.
    deadline: Option<Instant>,
    then: Then,
}

impl Calls {
    /// A response of message type `id` has come.
    pub(crate) fn answer(&self, call: u32, id: u16, value: &[u8]) {
        let waiting = {
            let mut calls = self.waiting.lock();
            // An answer of another type is to no call of ours.
            let expected = calls.get(&call).is_some_and(|waiting| waiting.response_id == id);
            if expected { calls.remove(&call) } else { None }
        };
        match waiting {
            Some(waiting) => (waiting.then)(Ok(value)),
            // Its caller stopped waiting.
            None => tracing::debug!(call, id, "a response that nobody waits for"),
        }
    }

    /// The other side refused a call.
    pub(crate) fn refused(&self, call: u32, reason: CallError, text: &str) {
        let waiting = self.waiting.lock().remove(&call);
        if let Some(waiting) = waiting {
            (waiting.then)(Err(CallFailure::Refused { reason, text: text.into() }));
        }
    }

    /// When [`Self::expire`] is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.waiting.lock().values().filter_map(|waiting| waiting.deadline).min()
    }

    /// Tells those who have waited long enough.
    pub(crate) fn expire(&self, now: Instant) {
        let expired: Vec<Waiting> = {
            let mut calls = self.waiting.lock();
            calls
                .extract_if(.., |_, waiting| waiting.deadline.is_some_and(|at| now >= at))
                .map(|(_, waiting)| waiting)
                .collect()
        };
        for waiting in expired {
            meters::expired("call");
            (waiting.then)(Err(CallFailure::Timeout));
        }
    }

    /// The link has ended: tells everybody.
    pub(crate) fn end(&self, end: &End) {
        let all = std::mem::take(&mut *self.waiting.lock());
        for waiting in all.into_values() {
            (waiting.then)(Err(CallFailure::Ended(end.clone())));
        }
    }

    fn begin(&self, waiting: Waiting) -> u32 {
        let mut calls = self.waiting.lock();
        loop {
            let call = self.next.fetch_add(1, Ordering::Relaxed);
            // After 2^32 calls a number may still be in use.
            if let Entry::Vacant(entry) = calls.entry(call) {
                entry.insert(waiting);
                return call;
            }
        }
    }

    fn forget(&self, call: u32) -> Option<Waiting> {
        self.waiting.lock().remove(&call)
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("waiting", &self.waiting.lock().len()).finish()
    }
}

/// Calls, and waits for the answer.
pub(super) fn call<R: Request>(
    link: &Link,
    mut request: R,
    timeout: Duration,
) -> Result<R::Response, CallFailure> {
    type Slot<T> = (Mutex<Option<Result<T, CallFailure>>>, Condvar);

    let until = sync::now() + timeout;
    let slot: Arc<Slot<R::Response>> = Arc::new((Mutex::new(None), Condvar::new()));
    let filled = Arc::clone(&slot);
    let then = decoded::<R>(move |answer| {
        *filled.0.lock() = Some(answer);
        filled.1.notify_one();
    });
    let call = link.0.calls.begin(Waiting { response_id: R::Response::ID, deadline: None, then });
    request.set_call(call);
    let late = if mutant(Mutant::CallLate) { link.0.calls.forget(call) } else { None };
    // Who waits is known before the request is admitted: so the answer finds it, or else the end of
    // the link, which tells everybody once nothing more is admitted.
    if let Err(error) = link.send_timeout(&request, timeout) {
        link.0.calls.forget(call);
        return Err(error.into());
    }
    if let Some(late) = late {
        link.0.calls.waiting.lock().insert(call, late);
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
            return slot.0.lock().take().unwrap_or_else(|| {
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
    let waiting = Waiting {
        response_id: R::Response::ID,
        deadline: Some(sync::now() + timeout),
        then: decoded::<R>(then),
    };
    let call = link.0.calls.begin(waiting);
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
        debug_assert_eq!(R::ID, self.response_id, "a response to another request");
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

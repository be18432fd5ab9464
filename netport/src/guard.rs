//! The wall between this crate and users' code: a panic there is the end of one link or port, and
//! nobody else's.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::End;

/// Runs users' code. A panic is an [`End::Panicked`] with its message.
pub(crate) fn guarded<T>(run: impl FnOnce() -> Result<T, End>) -> Result<T, End> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(End::Panicked(text(&*panic))))
}

/// Runs users' code that has nothing left to end: a panic is logged, as what `what` did.
pub(crate) fn contained(what: &str, run: impl FnOnce()) {
    let result = guarded(|| {
        run();
        Ok(())
    });
    if let Err(panicked) = result {
        tracing::error!("{what} {panicked}");
    }
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

//! Deliberately broken variants of the state machines, which the simulation must catch.
//!
//! The switch exists in this crate's own tests only; elsewhere [`mutant`] is a constant.

/// A way to break a state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// The directory keeps the entry of a link that ended.
    KeepDeadEntry,
    /// The directory takes what its log still has for all that happened.
    ReachBackTooFar,
    /// The directory and the mesh accept links of older incarnations.
    SkipIncarnationCheck,
    /// The directory lists two nodes under one name.
    SkipNameCheck,
}

#[cfg(test)]
impl Mutant {
    /// Every one of them.
    pub(crate) const ALL: &[Self] = &[Self::KeepDeadEntry, Self::SkipNameCheck];
}

/// Whether the code is to behave as `mutant`.
#[cfg(not(test))]
pub(crate) const fn mutant(_mutant: Mutant) -> bool {
    false
}

#[cfg(test)]
pub(crate) use self::switch::{mutant, with_mutant};

#[cfg(test)]
mod switch {
    use std::cell::Cell;

    use super::Mutant;

    thread_local! {
        static ACTIVE: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    /// Whether the code is to behave as `mutant`.
    pub(crate) fn mutant(mutant: Mutant) -> bool {
        ACTIVE.get() == Some(mutant)
    }

    /// Runs `work` on this thread with the state machines broken as `mutant` says.
    pub(crate) fn with_mutant<T>(mutant: Option<Mutant>, work: impl FnOnce() -> T) -> T {
        /// Puts the switch back even if `work` panics, as it does where a mutant is caught.
        struct Restore(Option<Mutant>);
        impl Drop for Restore {
            fn drop(&mut self) {
                ACTIVE.set(self.0);
            }
        }
        let _restore = Restore(ACTIVE.replace(mutant));
        work()
    }
}

//! Deliberately broken variants of the runtime, which the simulation, the schedules and the scripts
//! of `machines` must catch.
//!
//! The switch exists in this crate's own tests only; elsewhere [`mutant`] is a constant.

/// Declares the mutants, and lists them.
macro_rules! mutants {
    ($($(#[$list_doc:meta])* $list:ident { $($(#[$doc:meta])* $name:ident,)* })*) => {
        /// A way to break the runtime.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Mutant {
            $($($(#[$doc])* $name,)*)*
        }

        #[cfg(test)]
        impl Mutant {
            $($(#[$list_doc])* pub(crate) const $list: &[Self] = &[$(Self::$name,)*];)*
        }
    };
}

mutants! {
    /// What the state machines decide, and what joins them; the simulation catches these, and a script
    /// those of a machine that has one.
    DECISIONS {
        /// A mesh drops its own dial when the peer's comes first.
        CancelDialOnAccept,
        /// A mesh closes the links to who leaves the list.
        CloseUnlisted,
        /// A client drops whom a new run of the server does not list yet.
        DropUnlisted,
        /// A client does not tell its state machines that a dial could not begin.
        ForgetDeadDial,
        /// A server tells in no round what changes while one is under way.
        ForgetNewsInRound,
        /// The directory does not tell that an entry was replaced.
        ForgetReplacement,
        /// A server passes over for ever whose link once had no room.
        ForgetRoom,
        /// The directory tells every change by itself.
        ForgetToCoalesce,
        /// A client does not dial a peer again.
        GiveUpOnPeers,
        /// A client that could not reach the server does not try again.
        GiveUpOnServer,
        /// A link admits frames however many bytes wait.
        IgnoreMark,
        /// The directory keeps the entry of a link that ended.
        KeepDeadEntry,
        /// A client keeps for ever whom only an earlier run of the server has listed.
        KeepUnlisted,
        /// A mesh takes a link that ended to be up.
        KeepDeadLink,
        /// The directory does not free the name of an entry that is gone.
        KeepName,
        /// A link that closes drops what it has accepted.
        LoseAccepted,
        /// The directory takes what its log still has for all that happened.
        ReachBackTooFar,
        /// A link grants more time for every byte of what it waits for.
        RenewOnPartialBytes,
        /// A link sends no heartbeats.
        SendNoHeartbeat,
        /// The directory and the mesh accept links of older incarnations.
        SkipIncarnationCheck,
        /// The directory lists two nodes under one name.
        SkipNameCheck,
        /// The higher id does not wait for `Welcome`.
        SkipWelcome,
        /// The directory takes a new subscriber to know the list.
        SkipSnapshot,
        /// The lower id sends `Welcome` on every link.
        WelcomeAll,
    }

    /// What one thread leaves to another; the schedules catch these.
    HANDOVERS {
        /// A frame is admitted, and appended when others have had the lock.
        AdmitUnlocked,
        /// A call waits when its request is sent already.
        CallLate,
        /// The main loop forgets its wake-ups after it has looked what they were for.
        ClearLate,
        /// A link is closed before it can be said why.
        CloseUnsaid,
        /// A link that closes does not wake who waits for room.
        CloseUntold,
        /// A link that has room again does not wake who waits for it.
        DrainUntold,
        /// The end of a link does not wake the main loop.
        EndUntold,
        /// A client that ends wakes who waits for a peer, and not who is about to.
        FinishUnlocked,
        /// Nobody asks to be told when the kernel has room again.
        ForgetToArm,
        /// A thread that ended before its port knew it is not joined.
        ForgetUnknownThread,
        /// The keeper leaves a link alone after others have had the lock.
        IdleUnlocked,
        /// A link that is launched while its port stops does not wake the main loop.
        LaunchUntold,
        /// A sender finds no room, and waits when others have had the lock.
        LookThenWait,
        /// A link whose handshake is over does not wake who waits for that.
        OpenUntold,
        /// A frame is written before what waits.
        Overtake,
        /// Who waits for room finds none, and is remembered when others have had the lock.
        RememberLate,
        /// The keeper is not woken for a deadline that comes before its others.
        ScheduleUntold,
        /// The keeper is woken before it is told to stop.
        StopUntold,
        /// Two threads tell a client's user at the same time.
        TellUngated,
        /// Of two threads that close a link each gives its reason.
        TwoReasons,
        /// Who finds no room waits for what a connection's own thread gathers.
        WaitBehindCork,
        /// A sender writes what the keeper is to write.
        WriteWhileDraining,
    }
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

    /// Runs `work` on this thread with the runtime broken as `mutant` says.
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

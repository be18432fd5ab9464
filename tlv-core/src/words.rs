//! The reasons and roles in netport's own messages, as people read them. A value that is added to the
//! spec does not compile until it has words here.

use core::error::Error;
use core::fmt;

use crate::messages::{CallError, GoodbyeReason, RefuseReason, RegisterError, Role};

macro_rules! words {
    ($($reason:ident { $($value:ident: $words:literal,)* })*) => {
        $(
            /// In words; a number that this version does not name, as such.
            impl fmt::Display for $reason {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    match self {
                        $(Self::$value => f.write_str($words),)*
                        Self::Unknown(number) => write!(f, "reason {}", number.get()),
                    }
                }
            }
        )*
    };
}

words! {
    CallError {
        Unsupported: "the request is not known or not answered",
        Failed: "the request failed",
    }

    GoodbyeReason {
        Done: "done",
        Restart: "restarting",
        Idle: "idle for too long",
        Replaced: "replaced by a newer incarnation",
    }

    RefuseReason {
        NotHello: "no introduction",
        WireVersion: "another wire version",
        Protocol: "another protocol",
        Malformed: "malformed",
        TooLarge: "too large",
        UnknownCritical: "unknown critical message",
        NotAllowed: "not allowed",
        Older: "a newer incarnation is known",
        WrongNode: "another node was meant",
        Busy: "busy",
        Timeout: "too slow",
        Duplicate: "a second link",
    }

    RegisterError {
        NameTaken: "another client has the name",
        BadName: "the name is empty or has control characters",
        BadAddress: "no address that others can reach",
        Full: "the list is full",
    }
}

/// In a word, to stand behind an article.
impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}

impl Error for CallError {}

impl Error for RegisterError {}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn reasons_read_as_words_and_unknown_ones_as_numbers() {
        assert_eq!(GoodbyeReason::Restart.to_string(), "restarting");
        assert_eq!(RegisterError::NameTaken.to_string(), "another client has the name");
        assert_eq!(RefuseReason::from(999).to_string(), "reason 999");
        assert_eq!(Role::Server.to_string(), "server");
    }
}

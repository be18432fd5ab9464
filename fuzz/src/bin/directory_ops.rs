//! A directory under any events: clients that come, register, fall silent, go, and are sent the
//! list. What must hold stands in `netport::machines::directory_ops`, which netport's own tests
//! check too.
//!
//! The input is a script: each step is a byte that says what happens, and what that needs to know.

#![cfg_attr(not(test), no_main)]

use netport::machines::directory_ops;
use netport_fuzz::{seeds, words};

netport_fuzz::target!(
    directory_ops::check,
    seeds::scripts(directory_ops::WORDS),
    words::of_scripts(directory_ops::WORDS)
);

//! Two ends of a link under any events: bytes that arrive split, late or not at all, sends, closes
//! and the time. What must hold stands in `netport::machines::link_events`, which netport's own
//! tests check too.
//!
//! The input is a script: each step is a byte that says what happens, and what that needs to know.

#![cfg_attr(not(test), no_main)]

use netport::machines::link_events;
use netport_fuzz::{seeds, words};

netport_fuzz::target!(
    link_events::check,
    seeds::scripts(link_events::WORDS),
    words::of_scripts(link_events::WORDS)
);

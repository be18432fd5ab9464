//! Meshes under any events: lists, dials, links that open, tear and fall silent, and the time. What
//! must hold stands in `netport::machines::mesh_ops`, which netport's own tests check too.
//!
//! The input is a script: each step is a byte that says what happens, and what that needs to know.

#![cfg_attr(not(test), no_main)]

use netport::machines::mesh_ops;
use netport_fuzz::{seeds, words};

netport_fuzz::target!(
    mesh_ops::check,
    seeds::scripts(mesh_ops::WORDS),
    words::of_scripts(mesh_ops::WORDS)
);

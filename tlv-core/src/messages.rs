//! netport's own messages, generated from `spec/messages.ron`: the set [`Control`], and the example
//! programs' [`App`].

include!(concat!(env!("OUT_DIR"), "/messages.rs"));

//! Every decoder on any bytes: nothing panics, owned and borrowed forms agree, and what is accepted
//! has one encoding. What that means stands in `tlv_core::laws`, which the property tests check too.
//!
//! The input is read twice. As a stream of frames, which is what a socket gives; and as the id of a
//! message type and a value, where no length has to be right, so that a fuzzer gets further.

#![cfg_attr(not(test), no_main)]

use netport_fuzz::{seeds, words};
use tlv_core::laws::bytes_are_refused_or_canonical;
use tlv_core::messages::{App, Control};

netport_fuzz::target!(fuzz, seeds::frames(), words::of_frames(&seeds::schema()));

fn fuzz(data: &[u8]) {
    bytes_are_refused_or_canonical::<Control>(data);
    bytes_are_refused_or_canonical::<App>(data);
}

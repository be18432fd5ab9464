//! Every decoder on any bytes: nothing panics, owned and borrowed forms agree, and what is accepted
//! has one encoding. What that means stands in `tlv_core::laws`, which the property tests check too.
//!
//! The input is read twice. As a stream of frames, which is what a socket gives; and as the id of a
//! message type and a value, where no length has to be right, so that a fuzzer gets further.

#![no_main]

mod seeds;

use libfuzzer_sys::fuzz_target;
use tlv_core::laws::bytes_are_refused_or_canonical;
use tlv_core::messages::{App, Control};

fuzz_target!(init: seeds::write::<(Control, App)>(), |data: &[u8]| {
    bytes_are_refused_or_canonical::<Control>(data);
    bytes_are_refused_or_canonical::<App>(data);
});

//! Generates `tlv_core::messages`.

fn main() {
    proto_gen::compile("../spec/messages.ron");
}

//! Makes Rust of the chat's messages.

fn main() {
    proto_gen::compile("spec/chat.ron");
}

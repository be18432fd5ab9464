//! Compiles the messages of the comparison.
fn main() {
    proto_gen::compile("spec/bench.ron");
}

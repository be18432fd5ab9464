//! Compiles the data sets' specs.
fn main() {
    for spec in ["log", "mesh", "mk48"] {
        proto_gen::compile(format!("specs/{spec}.ron"));
    }
}

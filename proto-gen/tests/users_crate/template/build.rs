fn main() {
    proto_gen::compile("spec/notes.ron");
}

//! Generated code in a program that has no std: its panic handler is this program's own, and would
//! clash with std's.

#![no_std]
#![no_main]

use tlv_core::{
    Message as _, MessageSet as _, Visitor,
    generate::{self, Choices},
    messages::{App, AppRef, Greet, Mood},
};

#[cfg(feature = "std")]
extern crate std;

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// The goldens of proto-gen: every construct of a spec.
mod goldens {
    macro_rules! goldens {
        ($($name:ident)*) => {
            $(
                mod $name {
                    include!(concat!(
                        env!("GOLDENS"), "/", stringify!($name), ".rs"
                    ));
                }
            )*

            pub fn visit_messages<V: tlv_core::Visitor>(visitor: &mut V) {
                $($name::visit_messages(visitor);)*
            }
        };
    }

    goldens! {
        addresses arrays calls constants constraints docs enum_closed enum_open flags keywords maps
        numbers optional retain struct_extensible struct_frozen tail text times union
    }
}

/// Counts the messages that come back as they were.
struct Back(u8);

impl Visitor for Back {
    fn message<S: tlv_core::MessageSet, M: tlv_core::Message>(&mut self) {
        let message: M = generate::message(&mut Choices::new(&[7; 64]));
        let frame = message.to_frame();
        let back = frame.ok().and_then(|frame| M::decode_bytes(&frame.slice(6..)).ok());
        if back.and_then(|back| back.to_frame().ok()) == message.to_frame().ok() {
            self.0 += 1;
        }
    }
}

/// Answers how many messages came back.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let Ok(frame) = Greet::new("hello").with_mood(Mood::Happy).to_frame() else { return 0 };
    let Ok(AppRef::Greet(greet)) = App::borrow(Greet::ID, &frame[6..]) else { return 0 };
    if greet.text != "hello" {
        return 0;
    }
    let mut back = Back(0);
    goldens::visit_messages(&mut back);
    back.0.into()
}

//! What can be set of the programs, by flags and in a file.
//!
//! A setting is written once: its name, which is the flag's and, with `_`, the file's; what it is,
//! for `--help`; and which field of netport's configuration it is. What is not given keeps netport's
//! default. Flags come before the file.
//!
//! A file is RON, in the groups of `--help`:
//!
//! ```ron
//! (
//!     listen: "0.0.0.0:4000",
//!     port: (idle: "never", accept_rate_max: 500),
//!     link: (heartbeat: "10s", link_idle: "30s"),
//! )
//! ```

mod client;
mod file;
mod groups;
mod server;
mod value;

pub use self::client::ClientSettings;
pub use self::file::{FileError, from_file, to_ron};
pub use self::groups::{
    BackoffSettings, DirectorySettings, LinkSettings, MeshSettings, PortSettings,
};
pub use self::server::ServerSettings;
pub use self::value::{DialMode, Limit, Time};

/// Settings of one part of netport's configuration, of type `$config`, which is called `$part`.
macro_rules! settings {
    (
        $(#[$doc:meta])*
        $group:ident of $config:ty, $part:ident;
        $($(#[$help:meta])* $setting:ident: $ty:ty => $place:expr,)*
    ) => {
        #[derive(Clone, Debug, Default, clap::Args, serde::Deserialize, serde::Serialize)]
        #[serde(default, deny_unknown_fields)]
        $(#[$doc])*
        pub struct $group {
            $(
                #[arg(long, hide_short_help = true)]
                $(#[$help])*
                #[serde(with = "crate::settings::value", skip_serializing_if = "Option::is_none")]
                pub $setting: Option<$ty>,
            )*
        }

        impl $group {
            /// Those that are given here, and otherwise those of `other`.
            #[must_use]
            pub fn or(self, other: Self) -> Self {
                Self { $($setting: self.$setting.or(other.$setting),)* }
            }

            /// Sets what is given.
            pub fn apply(&self, $part: &mut $config) {
                $(
                    if let Some(value) = &self.$setting {
                        $place = value.clone().into();
                    }
                )*
            }

            /// All of them, as they are set.
            pub fn of($part: &$config) -> Self {
                Self { $($setting: Some($place.clone().into()),)* }
            }
        }
    };
}
use settings;

//! The settings of each part of netport's configuration.

use netport::{Backoff, DirectoryConfig, LinkConfig, MeshConfig, PortConfig};

use super::{DialMode, Limit, Time, settings};

settings! {
    /// Settings of a [`PortConfig`].
    #[command(next_help_heading = "Connections")]
    PortSettings of PortConfig, port;

    /// Stop when nobody was connected for so long, or `never`
    #[arg(value_name = "TIME", hide_short_help = false)]
    idle: Limit<Time> => port.idle_timeout,
    /// Most connections; `none`: what the machine allows
    #[arg(value_name = "N")]
    connections_max: Limit<usize> => port.connections_max,
    /// Most connections from one address, or `none`
    #[arg(value_name = "N")]
    connections_per_address_max: Limit<usize> => port.connections_per_address_max,
    /// Most connections that have not introduced themselves
    #[arg(value_name = "N")]
    handshakes_max: usize => port.handshakes_max,
    /// Most connections that wait to be accepted
    #[arg(value_name = "N")]
    listen_backlog: u32 => port.listen_backlog,
    /// Most connections accepted in a second, or `none`
    #[arg(value_name = "N")]
    accept_rate_max: Limit<u32> => port.accept_rate_max,
    /// Stack of the thread of each connection
    #[arg(value_name = "BYTES")]
    thread_stack_bytes: usize => port.thread_stack_bytes,
}

settings! {
    /// Settings of a [`LinkConfig`].
    #[command(next_help_heading = "Each connection")]
    LinkSettings of LinkConfig, link;

    /// End a connection that is silent for so long, or `never`
    #[arg(value_name = "TIME")]
    link_idle: Limit<Time> => link.idle_timeout,
    /// Show a sign of life after so long without another, or twice that; or `never`
    #[arg(value_name = "TIME")]
    heartbeat: Limit<Time> => link.heartbeat,
    /// How long a peer may take to introduce itself
    #[arg(value_name = "TIME")]
    handshake_timeout: Time => link.handshake_timeout,
    /// How long a message may take to arrive, and its length over the rate
    #[arg(value_name = "TIME")]
    frame_timeout: Time => link.frame_timeout,
    /// Bytes a second that a peer must manage while it sends a message
    #[arg(value_name = "BYTES")]
    frame_rate_min: u32 => link.frame_rate_min,
    /// How long to try to connect
    #[arg(value_name = "TIME")]
    dial_timeout: Time => link.dial_timeout,
    /// How long to wait for room to send
    #[arg(value_name = "TIME")]
    send_timeout: Time => link.send_timeout,
    /// End a connection whose peer takes nothing for so long, or `never`
    #[arg(value_name = "TIME")]
    stall_timeout: Limit<Time> => link.stall_timeout,
    /// How long a farewell may take
    #[arg(value_name = "TIME")]
    linger: Time => link.linger,
    /// Most bytes that wait to be sent, and one message
    #[arg(value_name = "BYTES")]
    backlog_bytes_max: usize => link.backlog_bytes_max,
    /// Most bytes that the kernel holds for a peer that does not read
    #[arg(value_name = "BYTES")]
    unsent_bytes_max: u32 => link.unsent_bytes_max,
    /// Most bytes that the kernel holds from a peer that sends too fast, or `never`
    #[arg(value_name = "BYTES")]
    unread_bytes_max: Limit<u32> => link.unread_bytes_max,
    /// Try again for so long before sleeping, or `never`
    #[arg(value_name = "TIME")]
    spin: Limit<Time> => link.spin,
}

settings! {
    /// Settings of a [`DirectoryConfig`].
    #[command(next_help_heading = "The list")]
    DirectorySettings of DirectoryConfig, directory;

    /// Most registered clients
    #[arg(value_name = "N")]
    entries_max: usize => directory.entries_max,
    /// Most changes remembered for clients that fall behind
    #[arg(value_name = "N")]
    changes_max: usize => directory.changes_max,
    /// How long the holder of a name that another client wants may take to answer
    #[arg(value_name = "TIME")]
    probe_timeout: Time => directory.probe_timeout,
    /// List the addresses that clients give, instead of those that they come from
    #[arg(value_name = "BOOL", hide_possible_values = true)]
    trust_advertised: bool => directory.trust_advertised,
}

settings! {
    /// Settings of a [`MeshConfig`].
    #[command(next_help_heading = "Peers")]
    MeshSettings of MeshConfig, mesh;

    /// Whom to connect to: all, on-demand or never
    #[arg(value_name = "WHOM")]
    dial: DialMode => mesh.dial,
    /// How long to wait to be connected to, before connecting
    #[arg(value_name = "TIME")]
    grace: Time => mesh.grace,
    /// How long a peer may take to welcome a connection
    #[arg(value_name = "TIME")]
    welcome_timeout: Time => mesh.welcome_timeout,
    /// How long a peer that comes twice may take to answer on its first connection
    #[arg(value_name = "TIME")]
    probe_timeout: Time => mesh.probe_timeout,
    /// Longest wait before a peer is tried for the second time
    #[arg(value_name = "TIME")]
    peer_backoff: Time => mesh.backoff.first,
    /// Longest wait between attempts to reach a peer
    #[arg(value_name = "TIME")]
    peer_backoff_max: Time => mesh.backoff.max,
    /// Most attempts to connect at a time
    #[arg(value_name = "N")]
    dials_max: usize => mesh.dials_max,
}

settings! {
    /// Settings of a client's [`Backoff`].
    #[command(next_help_heading = "The server")]
    BackoffSettings of Backoff, backoff;

    /// Longest wait before the server is tried for the second time
    #[arg(value_name = "TIME")]
    backoff: Time => backoff.first,
    /// Longest wait between attempts
    #[arg(value_name = "TIME")]
    backoff_max: Time => backoff.max,
}

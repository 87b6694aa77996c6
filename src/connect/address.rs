//! Addresses as they are declared, and what they stand for.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// What an address stands for: at least one. It may wait for a name to be resolved.
pub(super) fn resolve(address: &str) -> io::Result<Vec<SocketAddr>> {
    let addresses: Vec<SocketAddr> = match address.strip_prefix(':') {
        Some(port) => format!("127.0.0.1:{port}").to_socket_addrs()?.collect(),
        None => address.to_socket_addrs()?.collect(),
    };
    match addresses.is_empty() {
        true => Err(io::Error::other("it does not resolve")),
        false => Ok(addresses),
    }
}

/// The first of some addresses with which something can be done; or why not with the last.
pub(super) fn first<T>(
    addresses: &[SocketAddr],
    mut make: impl FnMut(&SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = io::Error::other("it does not resolve");
    for address in addresses {
        match make(address) {
            Ok(made) => return Ok(made),
            Err(error) => last = error,
        }
    }
    Err(last)
}

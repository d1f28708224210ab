//! A TCP relay in front of a server, to take the network away: refuse, go silent, cut, come back.

use std::net::SocketAddr;
use std::sync::Mutex;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

pub struct Wire {
    pub address: SocketAddr,
    target: SocketAddr,
    relay: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Clone, Copy)]
enum Mode {
    Pass,
    Silent,
    CutAfter(u64),
}

impl Wire {
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let relay = Mutex::new(Some(tokio::spawn(run(listener, target, Mode::Pass))));
        Self { address, target, relay }
    }

    /// Connections break, new ones are refused.
    pub async fn refuse(&self) {
        let relay = self.relay.lock().unwrap().take();
        if let Some(relay) = relay {
            relay.abort();
            let _ = relay.await;
        }
    }

    /// Everything works again.
    pub async fn pass(&self) {
        self.start(Mode::Pass).await;
    }

    /// Connections are accepted, then nothing more comes.
    pub async fn go_silent(&self) {
        self.start(Mode::Silent).await;
    }

    /// Each connection breaks after so many bytes towards the client.
    pub async fn cut_after(&self, bytes: u64) {
        self.start(Mode::CutAfter(bytes)).await;
    }

    async fn start(&self, mode: Mode) {
        self.refuse().await;
        let listener = TcpListener::bind(self.address).await.unwrap();
        *self.relay.lock().unwrap() = Some(tokio::spawn(run(listener, self.target, mode)));
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(relay) = self.relay.lock().unwrap().take() {
            relay.abort();
        }
    }
}

/// Owns its connections: they end with it.
async fn run(listener: TcpListener, target: SocketAddr, mode: Mode) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(relay(client, target, mode));
    }
}

async fn relay(mut client: TcpStream, target: SocketAddr, mode: Mode) {
    if let Mode::Silent = mode {
        std::future::pending::<()>().await;
    }
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    let (mut from_client, mut to_client) = client.split();
    let (from_server, mut to_server) = server.split();
    let up = async {
        let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
        let _ = to_server.shutdown().await;
    };
    let limit = if let Mode::CutAfter(bytes) = mode { bytes } else { u64::MAX };
    let mut from_server = tokio::io::AsyncReadExt::take(from_server, limit);
    let down = async {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
    };
    // The server's end ends the connection, as it does with a crash; so does the limit.
    tokio::select! {
        () = down => {}
        () = async { up.await; std::future::pending::<()>().await } => {}
    }
}

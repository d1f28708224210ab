//! A TCP proxy that misbehaves when told to. Knows no protocol.
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Pass,
    /// Every connection is reset.
    Refuse,
    /// Takes bytes and answers nothing.
    Swallow,
    /// Resets after so many bytes of a request.
    CutAfter(usize),
    /// Resets after so many bytes of an answer.
    CutAnswerAfter(usize),
}

pub struct Proxy {
    pub address: SocketAddr,
    mode: Arc<Mutex<Mode>>,
    /// Connections of an earlier mode end with it.
    changed: watch::Sender<u32>,
}

impl Proxy {
    pub async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mode = Arc::new(Mutex::new(Mode::Pass));
        let (changed, changes) = watch::channel(0);
        let current = mode.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (mode, mut changes) = (*current.lock().unwrap(), changes.clone());
                changes.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = carry(client, upstream, mode) => {}
                        _ = changes.changed() => {}
                    }
                });
            }
        });
        Self { address, mode, changed }
    }

    pub fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
        self.changed.send_modify(|n| *n += 1);
    }
}

async fn carry(client: TcpStream, upstream: SocketAddr, mode: Mode) {
    let (request, answer) = match mode {
        Mode::Pass => (usize::MAX, usize::MAX),
        Mode::Refuse => {
            let _ = client.set_zero_linger();
            return;
        }
        Mode::Swallow => {
            let _open = client;
            tokio::time::sleep(Duration::from_secs(600)).await;
            return;
        }
        Mode::CutAfter(n) => (n, usize::MAX),
        Mode::CutAnswerAfter(n) => (usize::MAX, n),
    };
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    let _ = client.set_zero_linger();
    let (client_in, client_out) = client.into_split();
    let (server_in, server_out) = server.into_split();
    // The first direction to end ends both.
    tokio::select! {
        _ = copy(client_in, server_out, request) => {}
        _ = copy(server_in, client_out, answer) => {}
    }
}

async fn copy(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin, mut left: usize) {
    let mut buffer = vec![0; 16 * 1024];
    while left > 0 {
        let most = buffer.len().min(left);
        let Ok(n) = from.read(&mut buffer[..most]).await else { return };
        if n == 0 || to.write_all(&buffer[..n]).await.is_err() {
            return;
        }
        left -= n;
    }
}

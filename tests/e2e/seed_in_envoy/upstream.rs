//! Servers behind the proxy: one that tells what it received, one that answers with
//! given bytes, one that echoes TCP.

use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers each request with its own headers as a JSON object.
pub async fn mirror() -> anyhow::Result<SocketAddr> {
    serve(|request| {
        let lines = request.lines().skip(1).filter_map(|line| line.split_once(": "));
        let headers: Map<String, Value> =
            lines.map(|(name, value)| (name.to_ascii_lowercase(), json!(value))).collect();
        let body = Value::Object(headers).to_string();
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    })
    .await
}

/// Answers each request with this head and body, the length declared.
pub async fn fixed(head: &str, body: &[u8]) -> anyhow::Result<SocketAddr> {
    let mut response = format!("{head}content-length: {}\r\n\r\n", body.len()).into_bytes();
    response.extend_from_slice(body);
    serve(move |_| response.clone()).await
}

/// Answers with these chunks, each in a write of its own, the length not declared.
pub async fn chunked(head: &str, chunks: Vec<Vec<u8>>) -> anyhow::Result<SocketAddr> {
    let mut response = format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes();
    for chunk in chunks.iter().chain([&Vec::new()]) {
        response.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        response.extend_from_slice(chunk);
        response.extend_from_slice(b"\r\n");
    }
    serve(move |_| response.clone()).await
}

/// Sends back what it gets, until the other side has finished.
pub async fn echo() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
            });
        }
    });
    Ok(address)
}

async fn serve<F>(answer: F) -> anyhow::Result<SocketAddr>
where
    F: Fn(&str) -> Vec<u8> + Clone + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let _ = answer_all(stream, answer).await;
            });
        }
    });
    Ok(address)
}

/// Requests without a body, one after the other on one connection.
async fn answer_all(mut stream: TcpStream, answer: impl Fn(&str) -> Vec<u8>) -> std::io::Result<()> {
    let mut received = Vec::new();
    let mut block = [0; 4096];
    loop {
        while let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") {
            let request: Vec<u8> = received.drain(..end + 4).collect();
            stream.write_all(&answer(&String::from_utf8_lossy(&request))).await?;
        }
        match stream.read(&mut block).await? {
            0 => return Ok(()),
            count => received.extend_from_slice(&block[..count]),
        }
    }
}

//! tcp-metrics and heartbeat.

use super::{Module, upstream};
use serde_json::json;
use tamis_e2e::envoy::{Bootstrap, Envoy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn tcp_metrics_counts_connections_and_bytes_in_both_directions() -> anyhow::Result<()> {
    let module = Module::new("tcp-metrics")?;
    let filter = module.plugin().configured(json!({"prefix": "echo"})).network_filter();
    let envoy = Envoy::start(&Bootstrap::new().tcp("tcp", vec![filter], upstream::echo().await?)).await?;

    let mut first = TcpStream::connect(envoy.address("tcp")?).await?;
    let mut second = TcpStream::connect(envoy.address("tcp")?).await?;
    let mut returned = [0; 5];
    for stream in [&mut first, &mut second] {
        stream.write_all(b"hello").await?;
        stream.read_exact(&mut returned).await?;
        assert_eq!(&returned, b"hello");
    }
    assert_eq!(envoy.stat_until("wasmcustom.echo_connections_total", |n| n >= 2).await?, 2);
    assert_eq!(envoy.stat_until("wasmcustom.echo_connections_active", |n| n == 2).await?, 2);
    assert_eq!(envoy.stat_until("wasmcustom.echo_bytes_received_total", |n| n >= 10).await?, 10);
    assert_eq!(envoy.stat_until("wasmcustom.echo_bytes_sent_total", |n| n >= 10).await?, 10);

    drop(first);
    assert_eq!(envoy.stat_until("wasmcustom.echo_connections_active", |n| n == 1).await?, 1);
    drop(second);
    assert_eq!(envoy.stat_until("wasmcustom.echo_connections_active", |n| n == 0).await?, 0);
    assert_eq!(envoy.stat("wasmcustom.echo_connections_total").await?, Some(2));
    Ok(())
}

#[tokio::test]
async fn heartbeat_beats_in_its_gauge_and_in_the_log() -> anyhow::Result<()> {
    let module = Module::new("heartbeat")?;
    let service = module.plugin().configured(json!({"interval_ms": 50, "log": true})).service();
    let envoy = Envoy::start(&Bootstrap::new().extension(service)).await?;
    let first = envoy.stat_until("wasmcustom.heartbeat_beats", |n| n > 0).await?;
    envoy.stat_until("wasmcustom.heartbeat_beats", |n| n >= first + 5).await?;
    envoy.stat_until("wasmcustom.heartbeat_ticks", |n| n >= 5).await?;
    let now = super::seconds_from_now(0)?.as_u64().unwrap_or_default();
    let last = envoy.stat_until("wasmcustom.heartbeat_last_seconds", |n| n > 0).await?;
    assert!(now.abs_diff(last) < 10, "the last beat was at {last}, now is {now}");
    assert!(envoy.log().contains("heartbeat 2"), "{}", envoy.log());
    Ok(())
}

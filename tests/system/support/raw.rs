//! A server that speaks HTTP as no server should, or not at all.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What it answers to whatever is asked.
#[derive(Clone, Copy, Debug)]
pub enum Says {
    /// This, and then it hangs up.
    Text(&'static str),
    /// Header after header, as fast as they are taken.
    HeadersWithoutEnd,
    /// One header of which there is no end.
    LineWithoutEnd,
    /// Again and again that the answer is to come (RFC 9110, section 15.2).
    HintsWithoutEnd,
}

/// Serves on a port of its own for as long as the test runs; answers with its address.
pub fn serve(says: Says) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener");
    let listener = TcpListener::from_std(listener).expect("a listener");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, says));
        }
    });
    format!("http://{address}")
}

async fn answer(mut stream: TcpStream, says: Says) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await;
    let (begin, more, pause) = match says {
        Says::Text(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
            return;
        }
        Says::HeadersWithoutEnd => ("HTTP/1.1 200 OK\r\n", "m4rk: m4rk\r\n".repeat(1000), Duration::ZERO),
        Says::LineWithoutEnd => ("HTTP/1.1 200 OK\r\nm4rk: ", "m4rk".repeat(1000), Duration::ZERO),
        Says::HintsWithoutEnd => ("", "HTTP/1.1 103 Early Hints\r\n\r\n".to_owned(), Duration::from_millis(50)),
    };
    let mut written = stream.write_all(begin.as_bytes()).await;
    while written.is_ok() {
        tokio::time::sleep(pause).await;
        written = stream.write_all(more.as_bytes()).await;
    }
}

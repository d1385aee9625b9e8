//! The harness sees what it is there to see: pages with one fault each.

use convo_tests::{Browser, Look, no_browser};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// A page without a fault.
const GOOD: &str = "<header><nav aria-label=Main><a href=/>Home</a></nav></header>
    <main><h1>A page</h1><p>With words.</p><form aria-label=Search><label>Name <input name=q></label> <button>Go</button></form>
    <h2>More</h2><ul><li>one</li></ul><table><tr><th>a</th><td>b</td></tr></table>
    <svg role=img aria-label=Chart width=50 height=50><rect width=50 height=50 fill=#000 /><text x=5 y=30 fill=#fff>7</text></svg></main>";

/// What breaks each rule, put into the good page's main part.
const BROKEN: [(&str, &str); 30] = [
    ("one-h1", "<h1>Another</h1>"),
    ("heading-order", "<h4>Too deep</h4>"),
    ("heading-empty", "<h3></h3>"),
    ("landmarks", "<main>another</main>"),
    ("name", "<button></button>"),
    ("name", "<input placeholder=Name>"),
    ("name", "<a href=/x><svg aria-hidden=true></svg></a>"),
    ("name", "<select><option>a</select>"),
    ("name", "<iframe srcdoc=x></iframe>"),
    (
        "name",
        "<label>x <textarea id=other></textarea></label><textarea></textarea>",
    ),
    (
        "alt",
        "<img src=data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==>",
    ),
    ("svg-role", "<svg></svg>"),
    (
        "hidden-focus",
        "<div aria-hidden=true><button>x</button></div>",
    ),
    ("duplicate-id", "<p id=a>x</p><p id=a>y</p>"),
    ("label", "<label for=nothing>x</label>"),
    ("reference", "<p aria-describedby=nothing>x</p>"),
    ("reference", "<a href=#nothing>x</a>"),
    ("tabindex", "<button tabindex=3>x</button>"),
    ("nested", "<a href=/x>x <button>y</button></a>"),
    ("list", "<ul><p>x</p></ul>"),
    ("table", "<table><tr><td>x</td></tr></table>"),
    ("contrast", "<p style=color:#8a8a8a>too pale</p>"),
    ("contrast", "<p style='color:#000;opacity:.4'>too pale</p>"),
    (
        "contrast",
        "<p style='background:#333;color:#555'>too dark</p>",
    ),
    (
        "contrast",
        "<p style='font-size:24px;color:#a0a0a0'>too pale though large</p>",
    ),
    (
        "contrast",
        "<svg role=img aria-label=x width=50 height=50><rect width=50 height=50 fill=#000 /><text x=5 y=30 fill=#222>7</text></svg>",
    ),
    (
        "contrast",
        "<style>::placeholder{color:#ccc}</style><label>x <input placeholder=pale></label>",
    ),
    (
        "contrast-unknown",
        "<p style='background:linear-gradient(#fff,#000)'>on a picture</p>",
    ),
    ("overflow", "<p style=width:900px>wide</p>"),
    (
        "target-size",
        "<button style='width:12px;height:12px;padding:0;overflow:hidden'>x</button>",
    ),
];

/// Serves whatever page the address holds.
async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let mut first = String::new();
                let _ = stream.read_line(&mut first).await;
                let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
                let mut line = String::new();
                while stream.read_line(&mut line).await.is_ok_and(|read| read > 2) {
                    line.clear();
                }
                let body = page(&path);
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream
                    .get_mut()
                    .write_all(format!("{head}{body}").as_bytes())
                    .await;
            });
        }
    });
    format!("http://{address}")
}

/// `/3` has the fault of that row; others are as named.
fn page(path: &str) -> String {
    let row = path.trim_start_matches('/').parse::<usize>().ok();
    let fault = row.map_or("", |row| BROKEN[row].1);
    let more = match path {
        "/logs" => "<script>console.error('written')</script>",
        "/throws" => "<script>thrown()</script>",
        "/asks" => "<img alt='' src=http://asked.example/a.png>",
        "/frame" => {
            "<iframe title=x sandbox srcdoc='<img src=http://framed.example/b.png>'></iframe>"
        }
        "/faint" => {
            "<style>#faint:focus{outline:none}</style><button id=faint>Faint</button><button onfocus=blur() id=shy>Shy</button>"
        }
        _ => "",
    };
    let body = GOOD.replace("</main>", &format!("{fault}{more}</main>"));
    format!(
        "<!doctype html><html lang=en><head><title>x</title><link rel=icon href=data:,><meta name=viewport content='width=device-width'>\
         <style>body{{color:#222;background:#fff}}a,button,input{{min-height:24px;display:inline-block}}</style></head><body>{body}</body></html>"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rule_finds_what_breaks_it_and_nothing_else() {
    if no_browser() {
        return;
    }
    let browser = Browser::start(&serve().await).await;
    browser.open("/good").await;
    for look in Look::ALL {
        browser.wear(look).await;
        assert_eq!(browser.findings(look).await, [], "{look:?}");
    }
    browser.walk().await;
    let mut missed = Vec::new();
    for (row, (rule, fault)) in BROKEN.iter().enumerate() {
        browser.open(&format!("/{row}")).await;
        let found = browser.findings(Look::Phone).await;
        let of_rule = found.iter().filter(|(other, _)| other == rule).count();
        if of_rule != 1 || found.len() > 2 {
            missed.push(format!("{rule} in {fault}: {found:?}"));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    browser.wear(Look::Light).await;
    browser.open("/faint").await;
    let stumbles = browser.stumbles().await;
    for stumble in [
        "does not show on \"button#faint",
        "does not come to \"button#shy",
    ] {
        assert!(stumbles.contains(stumble), "{stumbles}");
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn complaints_are_heard_from_pages_and_from_frames() {
    if no_browser() {
        return;
    }
    let browser = Browser::start(&serve().await).await;
    for path in ["/logs", "/throws", "/asks", "/frame"] {
        browser.open(path).await;
    }
    let complaints = convo_tests::eventually("all complaints", async || {
        let complaints = browser.complaints().await;
        complaints
            .iter()
            .any(|one| one.contains("framed.example"))
            .then_some(complaints)
    })
    .await;
    for expected in ["written", "thrown is not defined", "asked.example/a.png"] {
        assert!(
            complaints.iter().any(|one| one.contains(expected)),
            "{expected}: {complaints:#?}"
        );
    }
    browser.leave().await;
}

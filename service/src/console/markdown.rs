//! Markdown that people wrote, as HTML that can do nothing. Every tag is one that we write ourselves: raw HTML
//! is shown as the text it is, a link leads to the web or nowhere, and no picture tells its server who reads. Pure.
use super::parts::escape;
use askama::filters::Safe;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// Where a link may lead. A relative one means a file of the source repository, which is not here.
fn leads_to_the_web(target: &str) -> bool {
    match url::Url::parse(target) {
        Ok(url) => matches!(url.scheme(), "http" | "https" | "mailto"),
        Err(_) => target.starts_with('#'),
    }
}

fn tame(event: Event<'_>) -> Option<Event<'_>> {
    Some(match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::Link { dest_url, .. }) if leads_to_the_web(&dest_url) => {
            let target = escape(&dest_url);
            let link = format!("<a href=\"{target}\" rel=\"noopener noreferrer nofollow ugc\">");
            Event::InlineHtml(CowStr::from(link))
        }
        Event::Start(Tag::Link { .. }) => Event::InlineHtml("<a>".into()),
        Event::End(TagEnd::Link) => Event::InlineHtml("</a>".into()),
        // What stands for the picture is text within it, and stays.
        Event::Start(Tag::Image { .. } | Tag::HtmlBlock) | Event::End(TagEnd::Image | TagEnd::HtmlBlock) => {
            return None;
        }
        other => other,
    })
}

pub fn html(markdown: &str) -> Safe<String> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut made = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut made, Parser::new_ext(markdown, options).filter_map(tame));
    // What may be wider than the page scrolls, from the keyboard too.
    for wide in ["<pre>", "<table>"] {
        made = made.replace(wide, &wide.replace('>', " tabindex=\"0\">"));
    }
    // The style of a cell is an attribute that the policy of the page refuses.
    for side in ["left", "center", "right"] {
        made = made.replace(&format!(" style=\"text-align: {side}\""), "");
    }
    Safe(made)
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn what_people_write_can_run_nothing_and_ask_for_nothing() {
        for text in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "a <img src=x onerror=alert(1)> b",
            "![x](https://evil.test/pixel.png)",
            "[![x](https://evil.test/pixel.png)](javascript:alert(1))",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt&colon;alert(1))",
            "[x](\u{1}javascript:alert(1))",
            "[x](data:text/html,<script>1</script>)",
            "[x](//evil.test)",
            "[x]: javascript:alert(1)\n\n[x]",
            "<javascript:alert(1)>",
            "[x](https://a.test/\"onmouseover=alert(1))",
            "<a href=\"&#106;avascript:alert(1)\">x</a>",
            "<svg onload=alert(1)><animate/></svg>",
            "<iframe srcdoc='<script>1</script>'></iframe>",
            "<p style=\"background:url(//evil.test)\">x",
            "<form action=/sign-out method=post><button>x</button></form>",
            "<base href=//evil.test><meta http-equiv=refresh content=0>",
            "<style>*{display:none}</style>",
            "```\"><script>\nx\n```",
            "| a |\n|:-:|\n| <b onclick=x> |",
        ] {
            let made = html(text).0.to_lowercase();
            // Every tag is one of ours, and has no attribute but those of our links.
            for tag in made.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default()) {
                let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
                let plain = ["p", "a", "pre", "code", "table", "thead", "tbody", "tr", "th", "td"];
                assert!(plain.contains(&name), "{text}: {made}");
                let attributes = tag.strip_prefix(name).unwrap_or_default().trim();
                let own = attributes.is_empty()
                    || attributes.starts_with("href=\"http")
                    || attributes == "tabindex=\"0\""
                    || name == "code";
                assert!(own && attributes.matches('"').count() % 2 == 0, "{text}: {made}");
            }
        }
    }

    #[test]
    fn what_people_mean_is_there() {
        assert_eq!(html("# A\n\n`b` **c**").0, "<h1>A</h1>\n<p><code>b</code> <strong>c</strong></p>\n");
        assert!(
            html("[x](https://a.test/?a&b)").0.contains("href=\"https://a.test/?a&amp;b\" rel=\"noopener")
        );
        assert_eq!(html("![a sieve](https://a.test/p.png)").0, "<p>a sieve</p>\n");
        assert_eq!(html("a <b>c</b>").0, "<p>a &lt;b&gt;c&lt;/b&gt;</p>\n");
    }
}

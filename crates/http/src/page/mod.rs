//! The page: frames as HTML.
//!
//! | file | what it holds |
//! |---|---|
//! | [`html`] | [`Html`]: text that is escaped unless it is ours |
//! | [`chart`] | lines, bars and the time line as SVG |
//! | [`number`] | numbers, durations and times for people |
//! | [`part`] | the parts of the page, one function each |
//! | [`drift`] | the part about drift |
//! | [`instances`] | the part about instances and partitions |
//! | `style.css`, `script.js` | what the document carries within it |
//!
//! The server renders everything, so that the page is whole without a script; the script puts newer content in place.
//! Charts are SVG with plain attributes: the content security policy allows no style but the document's own.

pub mod chart;
pub mod drift;
pub mod html;
pub mod instances;
pub mod number;
pub mod part;

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use self::html::Html;
use crate::live::Frame;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What a browser may do with the document: run its own script, apply its own style, ask this server, nothing else.
pub static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
});

/// A wheel of eight spokes.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' fill='none' \
     stroke='%230f6b6b' stroke-width='2.4'%3E%3Ccircle cx='16' cy='16' r='13'/%3E%3Cpath d='M16 3v26M3 16h26M6.8 \
     6.8l18.4 18.4M25.2 6.8L6.8 25.2'/%3E%3C/svg%3E";

/// The whole document.
#[must_use]
pub fn document(frame: &Frame) -> String {
    let mut html = Html::default();
    html.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    html.raw(
        "<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" content=\"no-referrer\">",
    );
    html.raw("<title>").text(&frame.application).raw(" · Scorewheel</title>");
    html.raw("<link rel=\"icon\" href=\"").raw(ICON).raw("\"><style>").raw(STYLE).raw("</style>");
    html.raw("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript></head><body>");
    html.raw("<a class=\"skip\" href=\"#content\">Skip to the figures</a>");
    part::masthead(&mut html, frame);
    html.raw("<main id=\"content\" tabindex=\"-1\">").already(&content(frame)).raw("</main>");
    part::foot(&mut html, frame);
    html.raw("<script>").raw(SCRIPT).raw("</script></body></html>\n");
    html.finish()
}

/// What changes every second: the content of `main`, on one line.
#[must_use]
pub fn content(frame: &Frame) -> String {
    let mut html = Html::default();
    part::state(&mut html, frame);
    part::headline(&mut html, frame);
    part::models(&mut html, frame);
    part::scores(&mut html, frame);
    drift::drift(&mut html, frame);
    part::results(&mut html, frame);
    part::dead_letters(&mut html, frame);
    part::rejections(&mut html, frame);
    instances::instances(&mut html, frame);
    html.finish()
}

//! The page in a browser.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::product::Product;

/// Texts whose contrast with what lies behind them is less than guideline 1.4.3 of WCAG 2.2 asks for.
const PALE: &str = r"(() => {
  const parse = (text) => { const n = text.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      if (at.tagName === 'svg' && at.querySelector(':scope > rect')) return getComputedStyle(at.querySelector(':scope > rect')).fill;
      const colour = getComputedStyle(at).backgroundColor;
      if (parse(colour)[3] === 1) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const pale = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.nodeValue.trim() || !element.getClientRects().length) continue;
    if (['STYLE', 'SCRIPT', 'TITLE', 'title'].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const colour = element instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(parse(colour)), light(parse(behind(element)))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (large ? 3 : 4.5)) pale.push(`${element.tagName} ${walker.currentNode.nodeValue}: ${contrast}`);
  }
  return pale;
})()";

/// Levels of the headings, in order.
const HEADINGS: &str = "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((h) => Number(h.tagName[1]))";

/// What has no name for who does not see it: controls, drawings, regions, tables' columns.
const NAMELESS: &str = r"[...document.querySelectorAll('a,button,[role=img],[role=region],th,section')].filter((element) => {
  const by = element.getAttribute('aria-labelledby');
  const name = element.getAttribute('aria-label') || (by && document.getElementById(by)?.textContent) || element.textContent;
  return !name.trim();
}).map((element) => element.outerHTML)";

/// What stands out of the window.
const WIDE: &str = "document.documentElement.scrollWidth - document.documentElement.clientWidth";

fn at_work() -> Product {
    let product = Product::start(&["results.lineage=true".into(), "drift.reference=1s".into()]);
    assert!(product.publish("1-linear.pmml"));
    product.wait_for("/v1/live", |live| live["recent"]["results"][0]["lineage"]["model"] == "1-linear");
    product.send_garbage();
    // Refused by the instance: the command sends what it is given.
    product.publish("6-refused.pmml");
    assert!(product.publish("2-tree.pmml"));
    product.wait_for("/v1/live", |live| {
        live["recent"]["results"][0]["lineage"]["model"] == "2-tree"
            && live["recent"]["deadLetters"][0]["step"] == "decode"
            && live["rejections"][0]["reason"].is_string()
            && live["lanes"][0]["spans"][1]["name"] == "2-tree"
            && live["scores"][1]["count"].as_u64() > Some(100)
            && live["drift"][0]["columns"][0]["psi"].is_number()
    });
    product
}

#[test]
fn the_page_lives_and_can_be_read_by_everybody() {
    let Some(mut browser) = Browser::start() else { return };
    let product = at_work();
    let url = format!("http://{}/", product.address);
    browser.look(1280, "light");
    browser.open(&url);
    browser.until("document.getElementById('live').textContent === 'live'");
    // Figures change by themselves, in the document as it is: nothing is loaded anew.
    browser.evaluate("window.here = true");
    let results = "document.querySelectorAll('.glance dd')[4].textContent";
    let before = browser.evaluate(results);
    browser.until(&format!("window.here && {results} !== {before}"));

    for (width, scheme) in [(1280, "light"), (1280, "dark"), (800, "light"), (360, "dark"), (360, "light")] {
        browser.look(width, scheme);
        browser.until("document.querySelectorAll('.lane svg').length > 1");
        assert_eq!(browser.evaluate(PALE), json!([]), "{width} {scheme}");
        assert_eq!(browser.evaluate(WIDE), json!(0), "{width} {scheme}");
        browser.picture(&format!("page-{width}-{scheme}"));
    }
    let headings = browser.evaluate(HEADINGS);
    let levels: Vec<i64> = headings.as_array().unwrap().iter().filter_map(Value::as_i64).collect();
    assert_eq!((levels[0], levels.iter().filter(|level| **level == 1).count()), (1, 1), "{levels:?}");
    assert!(levels.len() >= 8 && levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    assert_eq!(browser.evaluate(NAMELESS), json!([]));

    by_keyboard(&mut browser);
    every_address_answers(&mut browser);
    assert_eq!(browser.complaints, Vec::<String>::new());
    without_a_script(&mut browser, &url);
}

/// The first stop leads past the head; the button is reached, seen and pressed; what has the focus keeps it while
/// figures change.
fn by_keyboard(browser: &mut Browser) {
    browser.evaluate("document.activeElement.blur()");
    browser.press("Tab", 9);
    assert_eq!(browser.evaluate("document.activeElement.className"), json!("skip"));
    browser.press("Tab", 9);
    assert_eq!(browser.evaluate("document.activeElement.id"), json!("pause"));
    assert_eq!(browser.evaluate("getComputedStyle(document.activeElement).outlineStyle"), json!("solid"));
    browser.press("Enter", 13);
    browser.until("document.getElementById('live').textContent === 'paused'");
    browser.press("Enter", 13);
    browser.until("document.getElementById('live').textContent === 'live'");
    browser.press("Tab", 9);
    let focused = "document.activeElement.getAttribute('href')";
    assert_eq!(browser.evaluate(focused), json!("v1/conservation"));
    let results = "document.querySelectorAll('.glance dd')[4].textContent";
    let before = browser.evaluate(results);
    browser.until(&format!("{results} !== {before}"));
    assert_eq!(browser.evaluate(focused), json!("v1/conservation"));
}

fn every_address_answers(browser: &mut Browser) {
    let asked = "Promise.all([...new Set([...document.querySelectorAll('a[href]')].map((a) => a.href))]\
         .filter((href) => !href.includes('#') && !href.endsWith('/v1/results'))\
         .map(async (href) => { const answer = await fetch(href); return [href, answer.status]; }))";
    let answers = browser.evaluate(asked);
    let answers = answers.as_array().unwrap();
    assert!(answers.len() >= 10, "{answers:?}");
    assert!(answers.iter().all(|answer| answer[1] == 200), "{answers:?}");
}

fn without_a_script(browser: &mut Browser, url: &str) {
    let parts = "[...document.querySelectorAll('main h2')].map((h) => h.textContent).join()";
    let with = browser.evaluate(parts);
    browser.call("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    browser.open(url);
    assert_eq!(browser.evaluate("document.getElementById('live').textContent"), json!("as of this request"));
    assert_eq!(browser.evaluate("document.getElementById('pause').hidden"), json!(true));
    assert_eq!(browser.evaluate(parts), with);
    for part in ["models", "drift", "results", "dead-letters", "rejections", "partitions"] {
        let rows = format!("document.querySelectorAll('.{part}-part tbody tr').length > 0");
        assert_eq!(browser.evaluate(&rows), json!(true), "{part}");
    }
}

#[test]
fn a_name_is_only_a_name() {
    let Some(mut browser) = Browser::start() else { return };
    let product = Product::start(&[]);
    let version = "<img src=x onerror=alert(1)>";
    assert!(product.publish_as("1-linear.pmml", version));
    product.wait_for("/v1/live", |live| live["lanes"][0]["spans"][0]["version"] == version);
    browser.look(1280, "light");
    browser.open(&format!("http://{}/", product.address));
    browser.until("document.getElementById('live').textContent === 'live'");
    browser.until("document.querySelector('.models-part tbody th .quiet bdi').textContent === '<img src=x onerror=alert(1)>'");
    assert_eq!(browser.evaluate("document.querySelectorAll('img').length"), json!(0));
    assert_eq!(browser.complaints, Vec::<String>::new());
    assert_eq!(browser.evaluate("1 + 1"), json!(2));
}

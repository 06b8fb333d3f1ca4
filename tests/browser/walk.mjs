// A person's way through an authorization, in a real Chromium. Usage: node walk.mjs '{
//   "browser": program, "profile": new folder, "scripts": bool, "hand": "mouse" | "keyboard", "url": where it begins,
//   "answers": [{"typed": {label: text}, "press": button}, ...], "back": where it ends, "picture": file or null}';
// prints what was seen on the way as one JSON line.
import { chromium } from 'playwright-core';

const { browser, profile, scripts, hand, url, answers, back, picture } = JSON.parse(process.argv[2]);
const flags = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const context = await chromium.launchPersistentContext(profile, {
  executablePath: browser, args: flags, javaScriptEnabled: scripts, viewport: { width: 800, height: 600 }, timeout: 30_000,
});
context.setDefaultTimeout(15_000);
const page = context.pages()[0];
const seen = { pages: [], requests: [], console: [], history: [] };
page.on('console', (message) => seen.console.push(message.text()));
page.on('request', (request) => seen.requests.push({ url: request.url(), headers: request.headers() }));

async function look() {
  const texts = async (selector) => (await page.locator(selector).allInnerTexts()).map((text) => text.trim());
  seen.pages.push({
    url: page.url(), heading: (await texts('h1'))[0], labels: await texts('label'), buttons: await texts('button'),
    alerts: await texts('[role=alert]'), text: await page.locator('body').innerText(),
  });
}

async function tabTo(target) {
  for (let steps = 0; !(await target.evaluate((element) => element === document.activeElement)); steps++) {
    if (steps > 20) throw new Error('the keyboard does not reach ' + target);
    await page.keyboard.press('Tab');
  }
}

async function answer({ typed, press }) {
  for (const [label, text] of Object.entries(typed)) {
    const field = page.getByLabel(label, { exact: true });
    if (hand === 'mouse') await field.fill(text);
    else {
      await tabTo(field);
      await page.keyboard.press('ControlOrMeta+A');
      await page.keyboard.type(text);
    }
  }
  const button = page.getByRole('button', { name: press, exact: true });
  if (hand === 'mouse') await button.click();
  else {
    await tabTo(button);
    await page.keyboard.press('Enter');
  }
}

await page.goto(url);
await look();
if (picture) await page.screenshot({ path: picture, fullPage: true });
for (const [number, each] of answers.entries()) {
  const arrived = number < answers.length - 1 ? page.waitForEvent('load') : page.waitForURL((at) => at.href.startsWith(back));
  await Promise.all([arrived, answer(each)]);
  await look();
}
const session = await context.newCDPSession(page);
seen.history = (await session.send('Page.getNavigationHistory')).entries.map((entry) => entry.url);
await context.close();
console.log(JSON.stringify(seen));

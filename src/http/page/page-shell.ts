// The page before it knows anything of the task. No inline script or style: the page's policy allows none.

export const PAGE_SHELL = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tidemark</title>
<link rel="icon" href="/page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page/page.css">
<script type="module" src="/page/main.js"></script>
</head>
<body>
<header>
  <h1><span id="name">Tidemark</span> <span id="state" class="badge"></span></h1>
  <p id="connection" role="status">Connecting …</p>
</header>
<noscript><p class="notice">This page needs JavaScript. The same as JSON is at <a href="/status">/status</a>, for Prometheus at
<a href="/metrics">/metrics</a>, and on a terminal: <code>tidemark status --watch CONFIG</code>.</p></noscript>
<main>
  <form id="token-form" class="card" hidden>
    <h2>Token</h2>
    <p id="token-why">This task asks for its token (<code>http.token</code>). It is kept in this tab only.</p>
    <label for="token">Token</label>
    <input id="token" type="password" autocomplete="off" required aria-describedby="token-why">
    <button type="submit">Show the task</button>
  </form>
  <div id="task" hidden>
    <p id="error" class="notice bad" role="alert" hidden></p>
    <section id="paused" class="notice" aria-label="The task is paused" hidden>
      <p>The task is paused: nothing is read, and it takes no signals. Until it is resumed, the server must keep its binlog.</p>
      <button type="button" id="resume-task">Resume the task</button>
      <p id="resume-answer" role="status" aria-live="polite"></p>
    </section>
    <section class="card" aria-labelledby="stream-title">
      <h2 id="stream-title">Stream</h2>
      <dl id="facts"></dl>
    </section>
    <section class="card" aria-labelledby="snapshot-title">
      <h2 id="snapshot-title">Snapshots</h2>
      <p id="snapshot-line"></p>
      <ul id="tables" class="tables"></ul>
      <div class="row">
        <button type="button" id="pause">Pause all</button>
        <button type="button" id="resume">Resume all</button>
        <button type="button" id="stop">Stop all …</button>
      </div>
      <p id="answer" role="status" aria-live="polite"></p>
      <form id="start-form">
        <h3>Copy tables</h3>
        <label for="start-tables">Tables, one a line: <code>database.table</code>, or a regular expression</label>
        <textarea id="start-tables" rows="2" required spellcheck="false" aria-describedby="captured"></textarea>
        <p id="captured" class="quiet"></p>
        <label for="start-condition">Condition, as behind WHERE (optional)</label>
        <input id="start-condition" autocomplete="off" spellcheck="false" placeholder="id &gt; 1000">
        <button type="submit" id="start">Start the copy</button>
      </form>
    </section>
    <section class="card" aria-labelledby="history-title">
      <h2 id="history-title">Last hour</h2>
      <div id="charts" class="charts"></div>
    </section>
    <section class="card" aria-labelledby="signals-title">
      <h2 id="signals-title">Last signals</h2>
      <ul id="signals" class="plain"></ul>
    </section>
    <section id="diverged-card" class="card" aria-labelledby="diverged-title" hidden>
      <h2 id="diverged-title">Tables that differ from their topics</h2>
      <ul id="diverged" class="plain"></ul>
    </section>
  </div>
</main>
<dialog id="confirm" aria-labelledby="confirm-text">
  <p id="confirm-text"></p>
  <div class="row">
    <button type="button" id="confirm-no">Keep it running</button>
    <button type="button" id="confirm-yes" class="danger">Stop it</button>
  </div>
</dialog>
</body>
</html>
`

export const PAGE_ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0b6b8a"/>
<path d="M2 10q2-3 4 0t4 0 4 0M2 6q2-3 4 0t4 0 4 0" fill="none" stroke="#fff" stroke-width="1.5"/></svg>
`

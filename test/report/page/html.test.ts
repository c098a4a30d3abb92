import { expect, test } from 'vitest';
import { html } from '../../../src/report/page/html.js';

test('what is put in is text, whatever it looks like; HTML of a template stays HTML', () => {
  const evil = `</script><img src=x onerror='alert("&")'>`;
  expect(html`<p title="${evil}">${html`<b>${evil}</b>`}</p>`.toString()).toBe(
    '<p title="&lt;/script&gt;&lt;img src=x onerror=&#39;alert(&quot;&amp;&quot;)&#39;&gt;">' +
      '<b>&lt;/script&gt;&lt;img src=x onerror=&#39;alert(&quot;&amp;&quot;)&#39;&gt;</b></p>',
  );
});

test('lists are joined, numbers written, and what is not there is left out', () => {
  expect(html`<p>${['a', html`<i>b</i>`]}${1}${undefined}${false}</p>`.toString()).toBe('<p>a<i>b</i>1</p>');
});

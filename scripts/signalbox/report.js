// SPDX-License-Identifier: BSD-2-Clause
// Draws the histograms of a report with D3, and shows one run at a time.
//
// Rule: all histograms of a panel have the same two axes. Counts are on a logarithmic scale, so a
// single sample is seen beside a thousand; the longest sample has a mark and its number.
"use strict";
(function () {
	const data = JSON.parse(document.getElementById("data").textContent);
	const WIDTH = 230, HEIGHT = 132, LEFT = 34, RIGHT = 10, TOP = 40, BOTTOM = 20;
	const BAR = 3; // the width of a bar, in units of the drawing
	const KNOWN = ["bare", "irqmux", "irqmux-banks", "pc", "soft", "bare-apic", "apic"];
	const number = d3.format(",");
	const short = (v) => v >= 1e6 ? v / 1e6 + "M" : v >= 1e4 ? v / 1e3 + "k" : number(v);
	const colour = (chipset) => "c-" + (KNOWN.includes(chipset) ? chipset : "other");

	// ---- The scales of a panel ----

	// Latencies over more than a decade are drawn by their logarithm. 0 has a place too.
	function scaleOf(cells) {
		const low = d3.min(cells, (c) => c.counts[0][0]);
		const high = d3.max(cells, (c) => c.max);
		const logarithmic = high + 1 > 12 * (low + 1);
		const shift = (v) => logarithmic ? v + 1 : v;
		const domain = logarithmic ? [low + 1, high + 1] : [low, Math.max(high, low + 4)];
		const inner = (logarithmic ? d3.scale.log() : d3.scale.linear())
			.domain(domain).range([LEFT + 2, WIDTH - RIGHT - BAR]);
		let ticks = logarithmic
			? [0, 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8].filter((v) => v >= low && v <= high)
			: inner.ticks(4).filter((v) => v === Math.round(v));
		if (logarithmic && ticks.length > 5)
			ticks = ticks.filter((v, i) => v === 0 || (ticks.length - 1 - i) % 2 === 0);
		if (logarithmic && ticks.length < 2)
			ticks = [low, ...ticks, high].filter((v, i, all) => all.indexOf(v) === i);
		const x = (v) => inner(shift(v));
		return { x, ticks, logarithmic };
	}

	// Bars side by side: samples by the place of their value. A bar stands for a range of values.
	function barsOf(cell, x) {
		const bars = new Map();
		for (const [value, count] of cell.counts) {
			const place = Math.round((x(value) - LEFT) / BAR) * BAR + LEFT;
			const bar = bars.get(place) || { place, low: value, high: value, count: 0 };
			bar.high = value;
			bar.count += count;
			bars.set(place, bar);
		}
		return [...bars.values()].sort((a, b) => a.place - b.place);
	}

	const words = (bar) => (bar.low === bar.high ? number(bar.low)
		: number(bar.low) + " to " + number(bar.high)) + ": " + number(bar.count) +
		(bar.count === 1 ? " sample" : " samples");

	// ---- One histogram ----

	function drawCell(holder, cell, scale, y, unit) {
		const svg = d3.select(holder).append("svg").attr("viewBox", `0 0 ${WIDTH} ${HEIGHT}`)
			.attr("role", "img").attr("aria-label", cell.n === 0
				? `${cell.name}: no sample`
				: `${cell.name}: ${number(cell.n)} samples, median ${number(cell.median)}, ` +
					`longest ${number(cell.max)} ${unit}`);
		const text = (x, row, anchor, name, content) => svg.append("text").attr("x", x)
			.attr("y", row).attr("text-anchor", anchor).attr("class", name).text(content);
		text(0, 12, "start", "name", cell.name);
		if (cell.n === 0) {
			text(0, 30, "start", "quiet", "no sample: it does not happen here");
			return [];
		}
		text(0, 26, "start", "", `median ${number(cell.median)}, max ${number(cell.max)}`);
		if (cell.counts.length === 0) {
			text(0, 60, "start", "quiet", "the console has no histogram");
			return [];
		}
		const floor = HEIGHT - BOTTOM;
		const ticks = [1, 10, 100, 1e3, 1e4, 1e5, 1e6].filter((v) => v <= y.domain()[1]);
		svg.append("g").attr("class", "grid").selectAll("line").data(ticks).enter().append("line")
			.attr("x1", LEFT).attr("x2", WIDTH - RIGHT).attr("y1", y).attr("y2", y);
		const rows = svg.append("g").selectAll("text").data(ticks).enter().append("text");
		rows.attr("class", "quiet").attr("x", LEFT - 4).attr("y", (v) => y(v) + 4)
			.attr("text-anchor", "end").text(short);
		const bars = barsOf(cell, scale.x);
		const drawn = svg.append("g").attr("class", colour(cell.chipset)).selectAll("rect")
			.data(bars).enter().append("rect").attr("x", (b) => b.place).attr("width", BAR)
			.attr("y", (b) => y(b.count)).attr("height", (b) => floor - y(b.count));
		drawn.append("title").text(words);
		const end = scale.x(cell.max) + BAR / 2;
		svg.append("line").attr("class", "max").attr("x1", end).attr("x2", end)
			.attr("y1", TOP - 4).attr("y2", floor);
		const axis = svg.append("g").attr("class", "axis");
		axis.append("line").attr("x1", LEFT).attr("x2", WIDTH - RIGHT).attr("y1", floor)
			.attr("y2", floor);
		for (const value of scale.ticks) {
			const at = scale.x(value) + BAR / 2;
			axis.append("line").attr("x1", at).attr("x2", at).attr("y1", floor)
				.attr("y2", floor + 4);
			if (at < WIDTH - 18)
				text(at, floor + 15, "middle", "quiet", short(value));
		}
		return drawn[0].map((element, i) => ({ element, words: cell.name + ", " + words(bars[i]) }));
	}

	// ---- A panel ----

	function legendOf(holder, cells) {
		const names = KNOWN.filter((name) => cells.some((cell) => cell.chipset === name));
		const items = d3.select(holder).append("ul").attr("class", "legend").selectAll("li")
			.data(names).enter().append("li");
		items.append("svg").attr("viewBox", "0 0 10 10").attr("aria-hidden", "true")
			.append("rect").attr("width", 10).attr("height", 10).attr("class", colour);
		items.append("span").text((name) => name);
	}

	function drawPanel(holder) {
		const panel = data.panels[holder.dataset.panel];
		const cells = [].concat(...panel.rows.map((row) => row.cells));
		const filled = cells.filter((cell) => cell.counts.length);
		legendOf(holder, cells);
		const scale = filled.length ? scaleOf(filled) : { x: () => 0, ticks: [] };
		const most = d3.max(filled, (cell) => d3.max(barsOf(cell, scale.x), (bar) => bar.count));
		const y = d3.scale.log().domain([0.5, Math.max(most || 1, 10)])
			.range([HEIGHT - BOTTOM, TOP]);
		const grid = []; // the bars of each histogram, for the keys
		for (const row of panel.rows) {
			const label = d3.select(holder).append("p").attr("class", "row-label");
			label.text(row.label);
			const line = d3.select(holder).append("div").attr("class", "row");
			for (const cell of row.cells) {
				const bars = drawCell(line.append("div").node(), cell, scale, y, panel.unit);
				if (bars.length)
					grid.push(bars);
			}
		}
		if (filled.length)
			d3.select(holder).append("p").attr("class", "row-label").text(
				`Across: ${panel.unit}${scale.logarithmic ? ", logarithmic" : ""}. Up: samples, ` +
				"logarithmic. Dashed: the longest sample.");
		readByKeys(holder, grid);
	}

	// Left and right go from bar to bar, up and down from histogram to histogram.
	function readByKeys(holder, grid) {
		const readout = holder.parentNode.querySelector(".readout");
		let row = 0, at = -1, shown = null;
		const show = () => {
			if (shown)
				shown.classList.remove("chosen");
			shown = grid[row][at].element;
			shown.classList.add("chosen");
			readout.textContent = grid[row][at].words;
		};
		holder.addEventListener("keydown", (event) => {
			const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
			const turn = { ArrowUp: -1, ArrowDown: 1 }[event.key];
			if (grid.length === 0 || (!step && !turn))
				return;
			event.preventDefault();
			if (turn) {
				row = Math.min(Math.max(row + turn, 0), grid.length - 1);
				at = 0;
			} else {
				at = Math.min(Math.max(at + step, 0), grid[row].length - 1);
			}
			show();
		});
	}

	// ---- One run at a time ----

	function showRun(chosen) {
		for (const run of document.querySelectorAll(".run"))
			run.hidden = run.dataset.run !== String(chosen);
		const texts = data.badges[chosen] || {};
		for (const badge of document.querySelectorAll(".badge"))
			badge.textContent = texts[badge.dataset.box] || "";
	}

	document.querySelectorAll(".chart").forEach(drawPanel);
	const choice = document.getElementById("choice");
	choice.addEventListener("change", () => showRun(choice.value));
	showRun(choice.value);

	// On paper nothing is folded.
	let folded = [];
	window.addEventListener("beforeprint", () => {
		folded = [...document.querySelectorAll("details:not([open])")];
		folded.forEach((part) => { part.open = true; });
	});
	window.addEventListener("afterprint", () => folded.forEach((part) => { part.open = false; }));
})();

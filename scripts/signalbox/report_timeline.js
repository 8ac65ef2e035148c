// SPDX-License-Identifier: BSD-2-Clause
// Draws the timelines of a report with D3, and lets a person zoom into them.
//
// Rule: all rows have one axis of time. Intervals that fall into the same pixel are one rectangle,
// so a long run is drawn as quickly as a short one.
"use strict";
(function () {
	const data = JSON.parse(document.getElementById("data").textContent);
	const ROW = 20, BAR = 12, NARROW = 600, NAMES = 130, FOOT = 24;
	const LEAST = 64; // ns: the shortest time that the drawing shows
	const number = d3.format(",");
	const COLOURS = [[/^VMM$/, "c-pc"], [/^NMI$/, "c-problem"], [/^VM /, "c-irqmux"],
		[/ asserted$/, "c-bare"], [/ held$/, "c-soft"], [/ routed$/, "c-irqmux-banks"]];
	const colour = (name) => (COLOURS.find(([words]) => words.test(name)) || [0, "c-irqmux"])[1];

	function duration(ns) {
		const [unit, size] = ns >= 1e6 ? ["ms", 1e6] : ns >= 1e3 ? ["us", 1e3] : ["ns", 1];
		return `${number(+(ns / size).toFixed(3))} ${unit}`;
	}

	// The number of the first item (of `step` numbers) whose end is at or behind the time.
	function first(flat, step, time) {
		let low = 0, high = flat.length / step;
		while (low < high) {
			const middle = (low + high) >> 1;
			const end = flat[middle * step] + (step === 3 ? flat[middle * step + 1] : 0);
			if (end < time)
				low = middle + 1;
			else
				high = middle;
		}
		return low;
	}

	// Rectangles of a row between two times: [left, right, intervals].
	function bars(row, x, from, to) {
		const flat = row.intervals, found = [];
		let last = null;
		for (let i = 3 * first(flat, 3, from); i < flat.length && flat[i] <= to; i += 3) {
			const left = x(Math.max(flat[i], from));
			const right = Math.max(x(Math.min(flat[i] + flat[i + 1], to)), left + 1);
			if (last && left <= last[1] + .5) {
				last[1] = Math.max(last[1], right);
				last[2]++;
			} else {
				found.push(last = [left, right, 1]);
			}
		}
		return found;
	}

	function ticks(row, x, from, to) {
		const flat = row.marks, found = [];
		for (let i = 2 * first(flat, 2, from); i < flat.length && flat[i] <= to; i += 2) {
			const at = Math.round(x(flat[i]));
			if (found[found.length - 1] !== at)
				found.push(at);
		}
		return found;
	}

	function Timeline(holder) {
		const stored = data.timelines[holder.dataset.timeline];
		const readout = holder.parentNode.querySelector(".readout");
		let from = 0, to = stored.length, chosen = 0, at = -1, shape = null;

		function draw() {
			const width = Math.max(holder.clientWidth, 260), narrow = width < NARROW;
			const step = narrow ? ROW + 14 : ROW, left = narrow ? 4 : NAMES;
			const height = stored.rows.length * step + FOOT;
			const x = d3.scale.linear().domain([from, to]).range([left, width - 4]);
			d3.select(holder).select("svg").remove();
			const svg = d3.select(holder).append("svg").attr("viewBox", `0 0 ${width} ${height}`)
				.attr("aria-hidden", "true");
			shape = { x, step, width };
			const axis = svg.append("g").attr("class", "axis");
			for (const tick of x.ticks(Math.max(2, Math.floor(width / 140)))) {
				axis.append("line").attr("x1", x(tick)).attr("x2", x(tick)).attr("y1", 0)
					.attr("y2", height - FOOT);
				const place = x(tick) > width - 40 ? "end" : x(tick) < 40 ? "start" : "middle";
				svg.append("text").attr("x", x(tick)).attr("y", height - 8)
					.attr("text-anchor", place).attr("class", "quiet").text(duration(tick));
			}
			stored.rows.forEach((row, i) => {
				const top = i * step + (narrow ? 16 : 3);
				svg.append("text").attr("x", narrow ? 0 : left - 8).attr("y", top + (narrow ? -4 : 10))
					.attr("text-anchor", narrow ? "start" : "end")
					.attr("class", i === chosen ? "name chosen" : "name").text(row.name);
				const g = svg.append("g").attr("class", colour(row.name)).attr("data-row", row.name);
				g.selectAll("rect").data(bars(row, x, from, to)).enter().append("rect")
					.attr("x", (b) => b[0]).attr("width", (b) => b[1] - b[0])
					.attr("y", top).attr("height", BAR);
				svg.append("g").attr("class", "marks").selectAll("line")
					.data(ticks(row, x, from, to)).enter().append("line").attr("x1", (v) => v)
					.attr("x2", (v) => v).attr("y1", top - 1).attr("y2", top + BAR + 1);
			});
		}

		function show(begin, end) {
			const span = Math.min(Math.max(end - begin, LEAST), stored.length);
			from = Math.min(Math.max(begin, 0), stored.length - span);
			to = from + span;
			draw();
		}

		const zoom = (factor, middle) => show(middle - (middle - from) * factor,
			middle + (to - middle) * factor);
		const move = (part) => show(from + (to - from) * part, to + (to - from) * part);

		// The words of the marks in an interval, or at a time: at most six.
		function marksOf(row, begin, end) {
			const names = [];
			for (let i = 2 * first(row.marks, 2, begin); i < row.marks.length && row.marks[i] <= end; i += 2)
				names.push(stored.labels[row.marks[i + 1]]);
			return names.length ? "; " + names.slice(0, 6).join(", ") +
				(names.length > 6 ? ` and ${number(names.length - 6)} more` : "") : "";
		}

		function tell(row, index) {
			const [begin, length, label] = row.intervals.slice(3 * index, 3 * index + 3);
			readout.textContent = `${row.name}: ${stored.labels[label]}, ${duration(length)}, from ` +
				duration(begin) + " on" + marksOf(row, begin, begin + length);
		}

		function tellAt(event) {
			const box = holder.querySelector("svg").getBoundingClientRect();
			const scale = shape.width / box.width;
			const row = stored.rows[Math.floor((event.clientY - box.top) * scale / shape.step)];
			const time = shape.x.invert((event.clientX - box.left) * scale);
			if (!row)
				return;
			const index = first(row.intervals, 3, time), pixel = (to - from) / shape.width;
			if (index * 3 < row.intervals.length && row.intervals[3 * index] <= time + 2 * pixel)
				tell(row, index);
			else
				readout.textContent = `${row.name}: nothing at ${duration(time)}` +
					marksOf(row, time - 2 * pixel, time + 2 * pixel);
		}

		// To the next or the previous interval of the row: the interval has a tenth of the width.
		function go(by) {
			const row = stored.rows[chosen], n = row.intervals.length / 3;
			if (n === 0) {
				readout.textContent = `${row.name}: no interval`;
				return;
			}
			at = at < 0 ? (by > 0 ? Math.min(first(row.intervals, 3, from), n - 1) : n - 1)
				: Math.min(Math.max(at + by, 0), n - 1);
			const [begin, length] = row.intervals.slice(3 * at, 3 * at + 2);
			if (begin < from || begin + length > to || length < (to - from) / 100)
				show(begin - 5 * Math.max(length, LEAST), begin + 6 * Math.max(length, LEAST));
			tell(row, at);
		}

		function choose(by) {
			chosen = Math.min(Math.max(chosen + by, 0), stored.rows.length - 1);
			at = -1;
			draw();
			readout.textContent = `${stored.rows[chosen].name}: ` +
				`${number(stored.rows[chosen].intervals.length / 3)} intervals`;
		}

		const middle = () => (from + to) / 2;
		const deeds = { in: () => zoom(.5, middle()), out: () => zoom(2, middle()),
			left: () => move(-.25), right: () => move(.25), whole: () => show(0, stored.length),
			up: () => choose(-1), down: () => choose(1), next: () => go(1), previous: () => go(-1) };
		const KEYS = { "+": "in", "=": "in", "-": "out", ArrowLeft: "left", ArrowRight: "right",
			Home: "whole", ArrowUp: "up", ArrowDown: "down", n: "next", p: "previous" };

		holder.addEventListener("keydown", (event) => {
			const deed = !event.ctrlKey && !event.altKey && !event.metaKey && KEYS[event.key];
			if (!deed)
				return;
			event.preventDefault();
			deeds[deed]();
		});
		for (const button of holder.parentNode.querySelectorAll("button"))
			button.addEventListener("click", () => deeds[button.dataset.do]());

		// A finger or the mouse moves the time; the page still scrolls up and down.
		let grip = null;
		holder.addEventListener("pointerdown", (event) => {
			grip = { x: event.clientX, from, to };
			tellAt(event);
		});
		holder.addEventListener("pointermove", (event) => {
			if (!grip || event.buttons === 0) {
				grip = null;
				if (event.pointerType === "mouse")
					tellAt(event);
				return;
			}
			const box = holder.getBoundingClientRect();
			const by = (grip.x - event.clientX) / box.width * (grip.to - grip.from);
			if (Math.abs(grip.x - event.clientX) > 3)
				show(grip.from + by, grip.to + by);
		});
		const timeOf = (event) => {
			const box = holder.querySelector("svg").getBoundingClientRect();
			return shape.x.invert((event.clientX - box.left) * shape.width / box.width);
		};
		holder.addEventListener("dblclick", (event) => zoom(.25, timeOf(event)));
		holder.addEventListener("wheel", (event) => {
			if (!event.ctrlKey) // the wheel alone scrolls the page
				return;
			event.preventDefault();
			zoom(event.deltaY < 0 ? .8 : 1.25, timeOf(event));
		}, { passive: false });
		window.addEventListener("resize", draw);
		draw();
	}

	document.querySelectorAll(".timeline .rows").forEach(Timeline);
})();

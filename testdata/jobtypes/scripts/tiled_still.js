"use strict";

// Renders one image in tiles on several workers, and puts them together: a job
// type in the newer JavaScript that studios write.

const JOB_TYPE = {
	label: "Tiled Still",
	settings: [
		{ key: "frame", type: "int32", required: true, eval: "C.scene.frame_current" },
		{ key: "tiles_x", type: "int32", default: 2, propargs: { min: 1, max: 16 } },
		{ key: "tiles_y", type: "int32", default: 2, propargs: { min: 1, max: 16 } },
		{ key: "resolution_x", type: "int32", required: true },
		{ key: "resolution_y", type: "int32", required: true },
		{ key: "render_output_path", type: "string", subtype: "file_path", required: true },
		{ key: "blendfile", type: "string", required: true, visible: "web" },
		{ key: "format", type: "string", required: true },
		{ key: "denoise", type: "bool", default: false },
	],
};

const videoFormats = new Set(["FFMPEG", "AVI_RAW", "AVI_JPEG"]);
const extensions = new Map([["PNG", ".png"], ["OPEN_EXR", ".exr"]]);

class Tile {
	static size = 64; // pixels a tile should at least have

	constructor({ x, y }, { tiles_x: across, tiles_y: down }) {
		Object.assign(this, { x, y });
		[this.left, this.right] = [x / across, (x + 1) / across];
		[this.bottom, this.top] = [y / down, (y + 1) / down];
	}

	get name() {
		return `tile-${this.y}-${this.x}`;
	}

	python({ frame }) {
		const border = { min_x: this.left, max_x: this.right, min_y: this.bottom, max_y: this.top };
		return `
import bpy
render = bpy.context.scene.render
render.use_border, render.use_crop_to_border = True, True
${Object.entries(border).map(([side, at]) => `render.border_${side} = ${at}`).join("\n")}
bpy.context.scene.frame_set(${frame})
`;
	}
}

function compileJob(job) {
	const { settings } = job;
	const { format, resolution_x: width, resolution_y: height, tiles_x, tiles_y } = settings;
	if (videoFormats.has(format)) throw `this job type renders images, and ${format} is a video format`;
	if (!extensions.has(format)) throw new Error(`no file extension is known for ${format}`);
	const smallest = Math.min(Math.floor(width / tiles_x), Math.floor(height / tiles_y));
	if (smallest < Tile.size) {
		throw `tiles of ${smallest} pixels are too small: take fewer than ${tiles_x}×${tiles_y}`;
	}

	const dir = path.join(path.dirname(settings.render_output_path), "tiles", path.stem(settings.blendfile));
	const tiles = Array.from({ length: tiles_x * tiles_y }, (_, i) => new Tile({ x: i % tiles_x, y: Math.floor(i / tiles_x) }, settings));
	const renders = tiles.map(tile => renderTask(tile, settings, dir));
	for (const task of renders) job.addTask(task);

	const merge = mergeTask(tiles, settings, dir);
	renders.forEach(render => merge.addDependency(render));
	job.addTask(merge);

	print(`${tiles.length} tiles of at least ${smallest} pixels`);
	settings.tile_names = tiles.map(({ name }) => name).join(", ");
}

function renderTask(tile, settings, dir) {
	const task = author.Task(`render-${tile.name}`, "blender");
	task.addCommand(author.Command("blender-render", {
		exe: "{blender}", exeArgs: "{blenderArgs}", argsBefore: [], blendfile: settings.blendfile,
		args: ["--python-expr", tile.python(settings), "--render-output", path.join(dir, `${tile.name}-######`),
			"--render-format", settings.format, "--render-frame", String(settings.frame)],
	}, 1));
	return task;
}

const mergeTask = (tiles, { frame, format, denoise, render_output_path: output }, dir) => {
	const suffix = `-${`${frame}`.padStart(6, "0")}${extensions.get(format)}`;
	const parts = tiles.map(tile => path.join(dir, tile.name + suffix));
	const task = author.Task("merge", "blender");
	task.priority = 60;
	task.addCommand(author.Command("exec", {
		exe: "{blender}",
		args: ["--background", "--factory-startup", "--python-expr", `
import bpy
parts = ${JSON.stringify(parts)}
output = ${JSON.stringify(output)}
${denoise ? "denoise = True" : "denoise = False"}
`],
	}));
	return task;
};

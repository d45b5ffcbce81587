"use strict";
// Messages that arrive while the page is open. Text is set as text: nothing typed becomes a tag.
const list = document.getElementById("messages");
const socket = new WebSocket(list.dataset.live);
socket.onopen = () => socket.send(list.dataset.token);
socket.onmessage = ({ data }) => {
  const event = JSON.parse(data);
  if (event.type === "hello") {
    list.dataset.state = "live";
    return;
  }
  const { room, number, author, text } = event.message;
  if (room !== list.dataset.room || document.getElementById(`m${number}`)) return;
  const item = document.createElement("li");
  item.id = `m${number}`;
  for (const [tag, content] of [["span", author], ["p", text]]) {
    const part = document.createElement(tag);
    part.textContent = content;
    item.append(part);
  }
  list.append(item);
  item.scrollIntoView({ block: "nearest" });
};
socket.onclose = () => delete list.dataset.state;

from chatpose.gradio_app import launch

launch(host="0.0.0.0", port=7860)
